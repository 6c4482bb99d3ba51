import { type StandardOutput, standardOutput } from "../platform/stdio.ts";
import { isLevel } from "../record/level.ts";
import type { LogRecord } from "../record/record.ts";
import { prettyRecord, visible } from "../sink/pretty.ts";
import { sayRaw } from "./say.ts";
import { gapWords, type TailGapNews } from "./tail_gap.ts";

/** Shows what a tail gives. */
export interface TailOutput {
  /** Lines shown so far. */
  readonly shown: number;
  /**
   * Shows lines, without their LF. One call at a time.
   *
   * @throws {SinkClosedError} If nobody reads any more
   */
  lines(lines: readonly string[]): Promise<void>;
  /**
   * Tells what is missing: in words on standard error, and with `json` as a line among the others.
   *
   * @throws {SinkClosedError} If nobody reads any more
   */
  gap(gap: TailGapNews): Promise<void>;
}

/** Shows lines on standard output: as they are, or for people. */
export function tailOutput(
  json: boolean,
  output: StandardOutput | undefined = standardOutput("stdout"),
): TailOutput {
  const encoder = new TextEncoder();
  const color = output !== undefined && output.isTerminal && !output.noColor;
  const form = json ? (line: string) => `${line}\n` : (line: string) => prettyLine(line, color);
  const put = async (text: string): Promise<void> => {
    if (text !== "") await output?.write(encoder.encode(text));
  };
  let shown = 0;
  return {
    get shown() {
      return shown;
    },
    async lines(lines) {
      await put(lines.map(form).join(""));
      shown += lines.length;
    },
    async gap(gap) {
      const { from, to, n, why } = gap;
      if (json) await put(`${JSON.stringify({ $: "gap", from, to, n, why })}\n`);
      sayRaw(`${gapWords(gap)}\n`);
    },
  };
}

/** A line for people; one that is no record is shown as it is, and cannot command the terminal. */
function prettyLine(line: string, color: boolean): string {
  const record = line.startsWith("{") ? parse(line) : undefined;
  if (record === undefined) return `${visible(line)}\n`;
  const { truncated } = record;
  const fields = truncated === undefined ? {} : { fields: { ...record.fields, truncated } };
  return prettyRecord({ ...record, ...fields }, { color });
}

type Shown = LogRecord & { readonly truncated?: unknown };

/** Undefined if it lacks what every record has. */
function parse(line: string): Shown | undefined {
  try {
    const record = JSON.parse(line) as Partial<Shown>;
    const { time, level, msg, logger = "" } = record;
    const isRecord = isLevel(level) &&
      [time, msg, logger].every((part) => typeof part === "string");
    return isRecord ? record as Shown : undefined;
  } catch {
    return undefined;
  }
}
