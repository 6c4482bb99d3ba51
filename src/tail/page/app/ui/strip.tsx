/// <reference lib="dom" />
/** @jsxImportSource preact */
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sight } from "./reading.ts";
import { isNarrow, strip, timeForm } from "./settings.ts";
import { histogram, overview } from "./state.ts";
import { barAt, type Bars, barsOf, nextBar, pathsOf } from "./strip_bars.ts";
import { barText, edgeText } from "./strip_words.ts";
import { send } from "./worker_port.ts";

/** Height of the bars, and of the words below them, as the style has it. */
const BARS_PX = 30;
const WORDS_PX = 15;
/** What a letter of the words is wide, about. */
const LETTER_PX = 5.8;
/** With less room than this only the beginning is told. */
const TWO_LABELS_PX = 190;
const NONE: Bars = { bars: [], stepPx: 1 };

/** The rows over time: where there were many, and where errors are. Each bar leads to its first row. */
export function Strip(): JSX.Element | null {
  return strip.value === "on" ? <Chart /> : null;
}

function Chart(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  /** The moment under the pointer, and the one where the keys are while the strip has the focus. */
  const pointed = useSignal<number | undefined>(undefined);
  const chosen = useSignal<number | undefined>(undefined);
  const isFocused = useSignal(false);
  const bars = useComputed(() =>
    histogram.value === undefined || width.value === 0 ? NONE : barsOf(histogram.value, width.value)
  );
  const shown = useComputed(() => pointed.value ?? (isFocused.value ? chosen.value : undefined));
  useEffect(() => {
    const element = box.current as HTMLElement;
    const watch = new ResizeObserver(() => width.value = contentWidth(element));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const timeAt = (event: MouseEvent): number | undefined => {
    const left = box.current!.querySelector("svg")!.getBoundingClientRect().left;
    const { bars: list, stepPx } = bars.value;
    return list[Math.min(list.length - 1, Math.max(0, Math.floor((event.clientX - left) / stepPx)))]
      ?.from;
  };
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
      onPointerMove={(event) => pointed.value = timeAt(event)}
      onPointerLeave={() => pointed.value = undefined}
      // The keys stay with the rows, where a click leads.
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => goTo(bars.value, timeAt(event))}
    >
      <svg height={BARS_PX + WORDS_PX} width={width} aria-hidden="true">
        <Place bars={bars} shown={shown} />
        <Outlines bars={bars} />
        <Words bars={bars} shown={shown} width={width} />
      </svg>
    </div>
  );
}

function contentWidth(element: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return Math.max(0, element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight));
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

interface Part {
  readonly bars: ReadonlySignal<Bars>;
}
interface Pointed extends Part {
  readonly shown: ReadonlySignal<number | undefined>;
}

/** What is on the screen, and the bar that is pointed at. */
function Place({ bars, shown }: Pointed): JSX.Element {
  const mark = useComputed(() => {
    const { bars: list, stepPx } = bars.value;
    if (list.length === 0 || sight.value === undefined) return "";
    const [from, to] = [barAt(bars.value, sight.value.from), barAt(bars.value, sight.value.to)];
    return `${Math.round(from * stepPx) - 1} ${Math.round((to + 1) * stepPx) - 1}`;
  });
  const [left = 0, right = 0] = mark.value.split(" ").map(Number);
  const at = shown.value === undefined ? -1 : barAt(bars.value, shown.value);
  const { stepPx } = bars.value;
  return (
    <>
      {at >= 0 && (
        <rect
          class="pointed"
          x={Math.round(at * stepPx)}
          width={Math.max(1, Math.round(stepPx) - 1)}
          height={BARS_PX}
        />
      )}
      {mark.value !== "" && (
        <>
          <rect class="sight" x={left} width={right - left} height={BARS_PX} />
          <rect class="foot" x={left} width={right - left} y={BARS_PX} height={2} />
        </>
      )}
    </>
  );
}

function Outlines({ bars }: Part): JSX.Element {
  const paths = useComputed(() => pathsOf(bars.value, BARS_PX));
  return (
    <>
      {["calm", "warn", "bad"].map((name, i) => (
        <path
          key={name}
          class={name}
          d={paths.value[i]}
        />
      ))}
    </>
  );
}

/** The times of the first and the last bar; or the one that is pointed at, with its counts. */
function Words(
  { bars, shown, width }: Pointed & { readonly width: ReadonlySignal<number> },
): JSX.Element | null {
  const { bars: list, stepPx } = bars.value;
  const [first, last] = [list[0], list.at(-1)];
  if (first === undefined || last === undefined) {
    const hasRows = (overview.value?.count ?? 0) > 0;
    return hasRows ? <text y={BARS_PX + WORDS_PX - 3}>No row here has a time</text> : null;
  }
  const now = Date.now();
  const form = timeForm.value;
  const y = BARS_PX + WORDS_PX - 3;
  if (shown.value !== undefined) {
    const at = barAt(bars.value, shown.value);
    const text = barText(list[at]!, form, now, isNarrow.value);
    const wide = text.length * LETTER_PX;
    const x = Math.max(0, Math.min((at + .5) * stepPx - wide / 2, width.value - wide));
    return <text class="told" x={Math.round(x)} y={y}>{text}</text>;
  }
  const end = Math.round(list.length * stepPx);
  const barMs = first.to - first.from;
  return (
    <>
      <text x={0} y={y}>{edgeText(first.from, barMs, form, now)}</text>
      {end >= TWO_LABELS_PX && (
        <text class="end" x={end} y={y}>{edgeText(last.to, barMs, form, now)}</text>
      )}
    </>
  );
}
