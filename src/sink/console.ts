import { type StandardOutput, standardOutput } from "../platform/stdio.ts";
import { originalOf } from "../record/original_method.ts";
import { prettyRecord } from "./pretty.ts";
import type { Batch, Sink } from "./sink.ts";

/** How {@linkcode consoleSink} writes. */
export interface ConsoleSinkOptions {
  /** Where to. @default {"stdout"} */
  readonly stream?: "stdout" | "stderr";
  /**
   * `json`: each record as its JSON line, unchanged. `pretty`: lines for people. `auto`: pretty on a
   * terminal, JSON otherwise. @default {"auto"}
   */
  readonly format?: "pretty" | "json" | "auto";
  /** Colours in pretty lines; `auto`: on a terminal, unless `NO_COLOR` is set. @default {"auto"} */
  readonly color?: boolean | "auto";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A sink that writes to standard output or standard error, in order.
 *
 * A terminal and a file are written at once, a pipe in the background, so that a slow reader holds up
 * this lane and nothing else. When the reader goes away the lane stops without a word, and what is
 * pending stays in the log. Where there are no standard streams it writes through `console`.
 *
 * @example Records as JSON on standard error, whatever it is connected to
 * ```ts
 * import { consoleSink } from "@logflume/logflume";
 *
 * const sink = consoleSink({ stream: "stderr", format: "json" });
 * ```
 *
 * @throws {RangeError} If `stream`, `format` or `color` is none of the allowed values
 */
export function consoleSink(options: ConsoleSinkOptions = {}): Sink {
  const { stream = "stdout", format = "auto", color = "auto" } = options;
  assertOneOf("stream", stream, ["stdout", "stderr"]);
  assertOneOf("format", format, ["pretty", "json", "auto"]);
  assertOneOf("color", color, [true, false, "auto"]);
  const output = standardOutput(stream) ?? browserConsole(stream);
  return outputSink(output, {
    pretty: format === "pretty" || (format === "auto" && output.isTerminal),
    color: color === "auto" ? output.isTerminal && !output.noColor : color,
  });
}

/** What {@linkcode outputSink} makes of records. */
export interface OutputSinkOptions {
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
  /** Colours in lines for people. */
  readonly color: boolean;
}

/** A console sink over an output that is open already. */
export function outputSink(output: StandardOutput, options: OutputSinkOptions): Sink {
  /** The last record of the write on its way, or -1. */
  let writingSeq = -1;
  const render = (batch: Batch) => options.pretty ? prettyBytes(batch, options) : batch.bytes;
  return {
    order: "strict",
    write(batch) {
      const written = output.write(render(batch));
      if (written === undefined) return;
      writingSeq = batch.seqAt(batch.count - 1);
      return written.finally(() => {
        writingSeq = -1;
      });
    },
    writeSync(batch) {
      // The output finishes a write on its way by itself, so its batch must not be written again.
      const isOnItsWay = batch.seqAt(batch.count - 1) <= writingSeq;
      output.writeSync(isOnItsWay ? new Uint8Array(0) : render(batch));
    },
  };
}

function prettyBytes(batch: Batch, { color }: OutputSinkOptions): Uint8Array {
  let text = "";
  for (const record of batch.records()) text += prettyRecord(record, { color });
  return encoder.encode(text);
}

/**
 * The output of a place without standard streams: one call of `console` a batch, past whatever makes
 * records of such calls.
 */
function browserConsole(stream: "stdout" | "stderr"): StandardOutput {
  const write = (bytes: Uint8Array) => {
    const text = decoder.decode(bytes).replace(/\n$/, "");
    if (text === "") return;
    originalOf(stream === "stdout" ? console.log : console.error).call(console, text);
  };
  return {
    isTerminal: false,
    noColor: true,
    write,
    writeSync: write,
    idle: () => Promise.resolve(),
  };
}

function assertOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return;
  throw new RangeError(
    `Unknown ${name} "${String(value)}" of a console sink: use ${allowed.join(", ")}`,
  );
}
