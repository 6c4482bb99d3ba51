import { standardOutput } from "../platform/stdio.ts";

/** How text for people is marked. */
export interface Marks {
  /** A heading. */
  heading(text: string): string;
  /** Something that is wrong. */
  wrong(text: string): string;
}

/** Marks as standard output shows them: colours on a terminal, unless `NO_COLOR` is set. */
export function outputMarks(): Marks {
  const out = standardOutput("stdout");
  const isColored = out !== undefined && out.isTerminal && !out.noColor;
  const mark = (code: number) => (text: string) => isColored ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { heading: mark(1), wrong: mark(31) };
}

/** A column: its heading, and whether it holds numbers. */
export interface Column {
  /** What stands over it. */
  readonly title: string;
  /** Whether its cells end at the same place. */
  readonly isNumber: boolean;
}

/** Rows under a heading, in columns as wide as they need to be; each line ended by LF. */
export function table(columns: readonly Column[], rows: readonly string[][], marks: Marks): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length))
  );
  const lineOf = (cells: readonly string[]): string =>
    cells.map((cell, i) =>
      columns[i]!.isNumber ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)
    )
      .join("  ").trimEnd();
  const heading = marks.heading(lineOf(columns.map(({ title }) => title)));
  return [heading, ...rows.map(lineOf)].map((line) => `${line}\n`).join("");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes as people read them: `182.3 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** A range of records as people read it; `nextSeq` is the number after the last one. */
export function recordsText(firstSeq: number, nextSeq: number): string {
  if (nextSeq <= firstSeq) return "no records";
  return nextSeq === firstSeq + 1 ? `record ${firstSeq}` : `records ${firstSeq} to ${nextSeq - 1}`;
}

/** A name without what a terminal would obey, or what would turn its text around or break its line. */
export function plain(name: string): string {
  return name.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, "?");
}
