/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isHelpOpen } from "./state.ts";

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["/", "filter"],
  ["Ctrl F", "find in all rows; Enter next, Shift Enter previous"],
  ["h", "highlight a term"],
  ["e  E", "next, previous error"],
  ["↑ ↓  k j", "move by a row; with Shift select"],
  ["Enter", "unfold or fold the row"],
  ["End  G", "follow the newest"],
  ["Home  g", "oldest row"],
  ["T", "go to a time"],
  ["Space", "pause, resume"],
  ["1 … 6", "show or hide trace … fatal"],
  ["w", "wrap long lines"],
  ["t", "time: local, UTC, relative"],
  ["d", "theme: system, dark, light"],
  ["b", "bars: rows over time"],
  ["p", "panel"],
  ["c", "copy the selected rows"],
  ["Esc", "close, or deselect"],
  ["?", "this list"],
];

const GRAMMAR: readonly (readonly [term: string, what: string])[] = [
  ["timeout", "the word occurs; in lower case it ignores case"],
  ["-healthz", "it does not occur"],
  ['"two words"', "the phrase occurs"],
  ["level>=warn", "warn, error and fatal"],
  ["level=warn,error", "exactly these"],
  ["logger:db", "logger db and those below it"],
  ["user.id=42", "a field; also != > >= < <="],
  ["user.name~bob", "the field contains it"],
  ["user.id?", "the field exists"],
  ["since=15m", "of the last 15 minutes"],
  ["/time.?out/i", "a regular expression, in this page"],
];

/** Keys and grammar, over the page. */
export function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => isHelpOpen.value = false}
      onClick={(event) => {
        if (event.target === dialog.current) isHelpOpen.value = false;
      }}
    >
      <div class="sheet">
        <header>
          <h2 id="help-title">Keys and filters</h2>
          <button type="button" onClick={() => isHelpOpen.value = false}>Close</button>
        </header>
        <div class="columns">
          <List title="Keys" rows={KEYS} />
          <List title="Filter line" rows={GRAMMAR} />
        </div>
      </div>
    </dialog>
  );
}

function List(
  { title, rows }: {
    readonly title: string;
    readonly rows: readonly (readonly [string, string])[];
  },
): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([term, what]) => (
          <div>
            <dt>{term.split("  ").map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
