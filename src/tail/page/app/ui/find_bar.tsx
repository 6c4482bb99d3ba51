/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { find, findStep } from "./reading.ts";
import { findText, overview } from "./state.ts";
import { count } from "./words.ts";

/**
 * Searches all rows of the view, those that are not drawn too. Always in the page, if hidden, so that
 * opening it takes the focus at once: what is typed next must not be taken for keys of the page.
 */
export function FindBar(): JSX.Element {
  return (
    <div id="find-bar" class="find" role="search" hidden={findText.value === undefined}>
      <input
        id="find"
        aria-label="Find in all rows"
        placeholder="Find"
        spellcheck={false}
        autocomplete="off"
        value={findText.value ?? ""}
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

/** Opens the find bar, or goes back to it. */
export function openFind(): void {
  if (findText.value === undefined) find("");
  const input = document.getElementById("find") as HTMLInputElement;
  document.getElementById("find-bar")?.removeAttribute("hidden");
  input.focus();
  input.select();
}

/** Closes the find bar; what was found stays in sight. */
export function closeFind(): void {
  find(undefined);
  document.getElementById("log")?.focus();
}

function hitsText(): string {
  const state = overview.value?.find;
  if (state === undefined || state.text === "") return "";
  if (state.count === 0) return state.done ? "no row" : "searching";
  return `${count(state.at)} / ${count(state.count)}${state.done ? "" : "…"}`;
}
