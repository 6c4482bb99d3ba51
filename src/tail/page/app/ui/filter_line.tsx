/// <reference lib="dom" />
/** @jsxImportSource preact */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { setQuery } from "./choices.ts";
import { overview, query } from "./state.ts";

const TYPING_MS = 200;

/** The line that filters; what is wrong with it is said below. */
export function FilterLine(): JSX.Element {
  const text = useSignal(query.value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useSignalEffect(() => {
    text.value = query.value;
  });
  const error = overview.value?.filterError;
  const scan = overview.value?.scan;
  const apply = () => {
    clearTimeout(timer.current);
    setQuery(text.value);
  };
  return (
    <div class="filter">
      <input
        id="filter"
        type="search"
        aria-label="Filter"
        aria-invalid={error !== undefined}
        aria-describedby="filter-note"
        placeholder="Filter:  timeout -healthz level>=warn user.id=42 /re/i"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          clearTimeout(timer.current);
          timer.current = setTimeout(apply, TYPING_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") apply();
          if (event.key !== "Escape") return;
          document.getElementById("log")?.focus();
          event.stopPropagation();
          event.preventDefault();
        }}
      />
      <p id="filter-note" class={error ? "problem" : "progress"} aria-live="polite">
        {error?.message ?? (scan && `Looking back for matches: ${scan.found} found`)}
      </p>
    </div>
  );
}
