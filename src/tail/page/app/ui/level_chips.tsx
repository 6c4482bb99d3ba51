/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { LEVELS } from "../../../../record/level.ts";
import { setLevels, setQuery } from "./choices.ts";
import { levels, overview, query } from "./state.ts";
import { count } from "./words.ts";

/** One chip a level with its count, and what is hidden. A double click shows that level alone. */
export function LevelChips(): JSX.Element {
  const counts = overview.value?.levels ?? [];
  const hidden = overview.value?.hidden ?? 0;
  const toggle = (i: number) => setLevels(levels.value.map((on, j) => i === j ? !on : on));
  const alone = (i: number) => setLevels(LEVELS.map((_, j) => i === j));
  const showAll = () => {
    setLevels(LEVELS.map(() => true));
    setQuery("");
  };
  const isOpen = query.value === "" && !levels.value.includes(false);
  return (
    <div class="chips" role="group" aria-label="Levels">
      {LEVELS.map((level, i) => (
        <button
          type="button"
          class={`chip ${level}`}
          aria-pressed={levels.value[i] ?? true}
          title={`Show or hide ${level}; double-click shows it alone`}
          onClick={() => toggle(i)}
          onDblClick={() => alone(i)}
        >
          {level} <b>{count(counts[i] ?? 0)}</b>
        </button>
      ))}
      {hidden > 0 && <span class="hidden">{count(hidden)} hidden by filter</span>}
      {!isOpen && <button type="button" class="plain" onClick={showAll}>Show all</button>}
    </div>
  );
}
