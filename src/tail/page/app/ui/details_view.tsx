/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import type { DetailLine, Details, RecordRow } from "../messages.ts";
import { addressOf, setQuery } from "./choices.ts";
import { copy } from "./copying.ts";
import { tell } from "./notice.ts";
import { overview, query } from "./state.ts";
import { saveFromServer } from "./save.ts";
import { addTerm, fieldTerm } from "./query_term.ts";
import { nodesOf } from "./pieces.tsx";
import { fullTimeText } from "./time_text.ts";
import { bytesText, count } from "./words.ts";

/** The unfolded block of a record: message in full, values one a line, and what to do with them. */
export function DetailsView(
  { row, details }: { readonly row: RecordRow; readonly details: Details },
): JSX.Element {
  const { lines, omitted, wholeBytes, json, seq } = details;
  return (
    <div class="details">
      <div class="about">
        <span>{fullTimeText(row.time)}</span>
        <span>#{seq}</span>
        {row.logger !== "" && <span>{row.logger}</span>}
        <span class="acts">
          <button type="button" onClick={() => copy(json, "the record")}>Copy JSON</button>
          <button type="button" onClick={() => copy(addressOf(seq), "the link")}>Copy link</button>
        </span>
      </div>
      <div class="whole">
        {nodesOf(details.message)}
      </div>
      {wholeBytes > 0 && <Whole seq={seq} bytes={wholeBytes} />}
      {lines.length > 0 && (
        <div class="values">{lines.map((line) => <Value key={line.path} line={line} />)}</div>
      )}
      {omitted > 0 && <p class="note">{count(omitted)} more values are not shown: copy the JSON.
      </p>}
    </div>
  );
}

/** What was cut is said, and can be had where the server answers for a single record. */
function Whole({ seq, bytes }: { readonly seq: number; readonly bytes: number }): JSX.Element {
  const save = () =>
    saveFromServer({ from: String(seq), to: String(seq) })
      .catch((error: Error) => tell(`Saving failed: ${error.message}`));
  return (
    <p class="note">
      Cut: the whole record has {bytesText(bytes)}.
      {overview.value?.speaks && (
        <button type="button" onClick={save}>
          Save the whole record
        </button>
      )}
    </p>
  );
}

const DEPTHS = 12;

function Value({ line }: { readonly line: DetailLine }): JSX.Element {
  const { name, path, value, kind, depth } = line;
  const filterBy = (operator: "=" | "!=") => {
    setQuery(addTerm(query.value, fieldTerm(path, operator, value ?? "")));
  };
  return (
    <div class="value">
      <span class={`key depth${Math.min(depth, DEPTHS)}`} title={path}>{visible(name)}</span>
      {value === undefined ? <span /> : <span class={kind}>{visible(value)}</span>}
      {value === undefined ? <span /> : (
        <span class="acts">
          <button
            type="button"
            title={`Only records with this ${name}`}
            onClick={() => filterBy("=")}
          >
            Filter
          </button>
          <button type="button" title="Leave such records out" onClick={() => filterBy("!=")}>
            Exclude
          </button>
          <button type="button" onClick={() => copy(value, name)}>Copy</button>
        </span>
      )}
    </div>
  );
}

const ODD = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** What cannot be seen in a name or a value is written as its number. */
function visible(text: string): string {
  return text.replace(ODD, (char) => {
    if (char === "\n" || char === "\t") return char;
    return `⟨U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}
