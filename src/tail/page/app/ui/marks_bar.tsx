/// <reference lib="dom" />
/** @jsxImportSource preact */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { MAX_MARKS } from "./address.ts";
import { toggleMark } from "./choices.ts";
import { marks } from "./state.ts";

/** Up to five terms, each marked in a colour of its own. */
export function MarksBar(): JSX.Element {
  const text = useSignal("");
  return (
    <div class="marks" role="group" aria-label="Highlighted terms">
      {marks.value.map((term, i) => (
        <button
          type="button"
          class={`mark mark${i % MAX_MARKS}`}
          title="Click to remove"
          aria-label={`Stop highlighting ${term}`}
          onClick={() => toggleMark(term)}
        >
          {term} ×
        </button>
      ))}
      {marks.value.length < MAX_MARKS && (
        <input
          id="mark"
          aria-label="Highlight a term"
          placeholder="Highlight"
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => text.value = event.currentTarget.value}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || text.value === "") return;
            if (!marks.value.includes(text.value)) toggleMark(text.value);
            text.value = "";
          }}
        />
      )}
    </div>
  );
}
