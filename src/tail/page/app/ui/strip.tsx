/// <reference lib="dom" />
/** @jsxImportSource preact */
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sight } from "./reading.ts";
import { strip, timeForm } from "./settings.ts";
import { histogram } from "./state.ts";
import { barAt, type Bars, barsOf, nextBar } from "./strip_bars.ts";
import { StripDrawing } from "./strip_drawing.tsx";
import { barText } from "./strip_words.ts";
import { send } from "./worker_port.ts";

const NONE: Bars = { bars: [], stepPx: 1 };

/** The rows over time: where there were many, and where errors are. Each bar leads to its first row. */
export function Strip(): JSX.Element | null {
  return strip.value === "on" ? <Chart /> : null;
}

function Chart(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  /** The moment under the pointer, and the one where the keys are while the strip has the focus. */
  const pointed = useSignal<number | undefined>(undefined);
  const chosen = useSignal<number | undefined>(undefined);
  const isFocused = useSignal(false);
  const bars = useComputed(() =>
    histogram.value === undefined || width.value === 0 ? NONE : barsOf(histogram.value, width.value)
  );
  const shown = useComputed(() => pointed.value ?? (isFocused.value ? chosen.value : undefined));
  const at = chosen.value === undefined ? -1 : barAt(bars.value, chosen.value);
  const bar = bars.value.bars[at];
  return (
    <div
      ref={box}
      class="strip"
      role="slider"
      tabIndex={0}
      aria-label="Rows over time"
      aria-valuemin={0}
      aria-valuemax={bars.value.bars.length}
      aria-valuenow={at + 1}
      aria-valuetext={bar === undefined ? "No bar" : barText(bar, timeForm.value, Date.now())}
      onFocus={() => {
        isFocused.value = true;
        chosen.value ??= sight.value?.from ?? bars.value.bars.at(-1)?.from;
      }}
      onBlur={() => isFocused.value = false}
      onKeyDown={(event) => moveByKey(event, bars.value, chosen)}
      onPointerMove={(event) => pointed.value = timeAt(event, bars.value)}
      onPointerLeave={() => pointed.value = undefined}
      // The keys stay with the rows, where a click leads.
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => goTo(bars.value, timeAt(event, bars.value))}
    >
      <StripDrawing bars={bars} shown={shown} width={width} />
    </div>
  );
}

/** The width of what is inside of an element, in pixels; 0 before it is known. */
function useWidth(box: RefObject<HTMLElement | null>): ReadonlySignal<number> {
  const width = useSignal(0);
  useEffect(() => {
    const element = box.current as HTMLElement;
    const watch = new ResizeObserver(([entry]) =>
      width.value = Math.floor(entry?.contentRect.width ?? 0)
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return width;
}

/** The beginning of the bar under the pointer; beside all bars the nearest one counts. */
function timeAt(event: MouseEvent, { bars, stepPx }: Bars): number | undefined {
  const drawing = (event.currentTarget as Element).firstElementChild as Element;
  const at = Math.floor((event.clientX - drawing.getBoundingClientRect().left) / stepPx);
  return bars[Math.min(bars.length - 1, Math.max(0, at))]?.from;
}

/** Moves among the bars that are not empty, and goes to the rows of one. */
function moveByKey(event: KeyboardEvent, bars: Bars, chosen: Signal<number | undefined>): void {
  const at = chosen.value === undefined ? -1 : barAt(bars, chosen.value);
  const last = bars.bars.length - 1;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") goTo(bars, chosen.value);
  else if (event.key === "Escape") document.getElementById("log")?.focus();
  else {
    const next = {
      ArrowLeft: nextBar(bars, at, -1),
      ArrowDown: nextBar(bars, at, -1),
      ArrowRight: nextBar(bars, at, 1),
      ArrowUp: nextBar(bars, at, 1),
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    chosen.value = bars.bars[next]?.from;
  }
  event.preventDefault();
  event.stopPropagation();
}

function goTo(bars: Bars, time: number | undefined): void {
  const bar = time === undefined ? undefined : bars.bars[barAt(bars, time)];
  if (bar !== undefined) send({ t: "jumpBar", from: bar.from, to: bar.to });
}
