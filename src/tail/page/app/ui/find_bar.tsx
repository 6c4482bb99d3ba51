/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { find, findStep, findText, snapshot } from "./model.ts";
import { count } from "./words.ts";

/** Searches all rows of the view, those that are not drawn too. */
export function FindBar(): JSX.Element | null {
  const isOpen = findText.value !== undefined;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isOpen) input.current?.select();
  }, [isOpen]);
  if (!isOpen) return null;
  return (
    <div class="find" role="search">
      <input
        ref={input}
        id="find"
        aria-label="Find in all rows"
        placeholder="Find"
        spellcheck={false}
        autocomplete="off"
        value={findText.value}
        onInput={(event) => find(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") findStep(event.shiftKey ? -1 : 1);
          else if (event.key === "Escape") closeFind();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span class="hits" role="status">{hitsText()}</span>
      <button
        type="button"
        aria-label="Previous"
        title="Previous (Shift+Enter)"
        onClick={() => findStep(-1)}
      >
        ↑
      </button>
      <button type="button" aria-label="Next" title="Next (Enter)" onClick={() => findStep(1)}>
        ↓
      </button>
      <button type="button" aria-label="Close find" title="Close (Esc)" onClick={closeFind}>
        ×
      </button>
    </div>
  );
}

function closeFind(): void {
  find(undefined);
  document.getElementById("log")?.focus();
}

function hitsText(): string {
  const state = snapshot.value?.find;
  if (state === undefined || state.text === "") return "";
  if (state.count === 0) return state.done ? "no row" : "searching";
  return `${count(state.at)} / ${count(state.count)}${state.done ? "" : "…"}`;
}
