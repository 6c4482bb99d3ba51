/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { copySelection, textOf } from "./copying.ts";
import { tell } from "./notice.ts";
import { overview, query } from "./state.ts";
import { saveBlob, saveFromServer } from "./save.ts";
import { counted } from "./words.ts";

/** What can be taken away: the log as the server has it, or the rows of this page. */
export function SaveMenu(): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null);
  const act = (action: () => Promise<void>) => () => {
    menu.current?.removeAttribute("open");
    action().catch((error: Error) => tell(`Saving failed: ${error.message}`));
  };
  return (
    <details class="menu" ref={menu}>
      <summary>Save</summary>
      <div>
        {(overview.value?.speaks === true || query.value === "") && (
          <button type="button" onClick={act(saveMatches)}>
            {query.value === "" ? "Whole log, NDJSON" : "All matches in the log, NDJSON"}
          </button>
        )}
        <button type="button" onClick={act(() => saveRows("ndjson"))}>
          Rows of this page, NDJSON
        </button>
        <button type="button" onClick={act(() => saveRows("text"))}>Rows of this page, text</button>
        <button type="button" onClick={act(copySelection)}>Copy selected rows</button>
      </div>
    </details>
  );
}

async function saveMatches(): Promise<void> {
  await saveFromServer(query.value === "" ? {} : { q: query.value });
}

async function saveRows(form: "text" | "ndjson"): Promise<void> {
  const { text, count } = await textOf(form);
  saveBlob(new Blob([text], { type: "text/plain" }), form === "text" ? "log" : "ndjson");
  tell(`Saved ${counted(count, "row")}`);
}
