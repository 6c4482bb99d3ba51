/// <reference lib="dom" />
/** @jsxImportSource preact */
import { type ReadonlySignal, useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { sight } from "./reading.ts";
import { isNarrow, timeForm } from "./settings.ts";
import { overview } from "./state.ts";
import { barAt, type Bars, pathsOf } from "./strip_bars.ts";
import { barText, edgeText } from "./strip_words.ts";

/** Height of the bars, and of the words below them, as the style has it. */
const BARS_PX = 30;
const WORDS_PX = 15;
/** What a letter of the words is wide, about. */
const LETTER_PX = 5.8;
/** With less room than this only the beginning is told. */
const TWO_LABELS_PX = 190;

interface Part {
  readonly bars: ReadonlySignal<Bars>;
}
interface Pointed extends Part {
  /** The moment that is pointed at. */
  readonly shown: ReadonlySignal<number | undefined>;
}

/** The bars as a drawing, in pixels of the page. */
export function StripDrawing(
  { bars, shown, width }: Pointed & { readonly width: ReadonlySignal<number> },
): JSX.Element {
  return (
    <svg height={BARS_PX + WORDS_PX} width={width} aria-hidden="true">
      <Place bars={bars} shown={shown} />
      <Outlines bars={bars} />
      <Words bars={bars} shown={shown} width={width} />
    </svg>
  );
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
