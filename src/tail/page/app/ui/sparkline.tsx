/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import type { History } from "./stats_feed.ts";

const POINTS = 120;
const HEIGHT = 24;

/** A short history as a line; the newest value stands at the right edge. */
export function Sparkline(
  { of, label, least }: { readonly of: History; readonly label: string; readonly least: number },
): JSX.Element {
  const top = Math.max(least, ...of);
  const first = POINTS - of.length;
  const y = (value: number) => (HEIGHT - 1 - (HEIGHT - 3) * value / top).toFixed(1);
  const points = of.map((value, i) => `${first + i},${y(value)}`).join(" ");
  const area = of.length === 0 ? "" : `${first},${HEIGHT} ${points} ${POINTS - 1},${HEIGHT}`;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${POINTS - 1} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon points={area} />
      <polyline points={points} />
    </svg>
  );
}
