import { boundOf, type BufferOptions } from "../buffer/buffer_options.ts";
import { levelOfLine } from "../record/line_level.ts";
import type { RecordInput } from "../record/record.ts";
import type { InputMark, LogStore } from "../storage/store.ts";
import type { PipelineBufferOptions } from "./options.ts";

/** A line on its way to the log; with its mark where it came from an input. */
export type Entry = string | { readonly line: string; readonly mark: InputMark };

/** The buffer of an intake, from what the pipeline was given. */
export function bufferOptions(given: PipelineBufferOptions): BufferOptions<Entry> {
  const { capacity = 10_000, onDrop, maxBytes, ...rest } = given;
  return {
    ...rest,
    ...boundOf(capacity),
    maxBytes: maxBytes ?? 16 * 1024 * 1024,
    // A string holds one or two bytes a character; 64 stands for its header and its slot.
    bytesOf: (entry) => 2 * (typeof entry === "string" ? entry : entry.line).length + 64,
    levelOf: (entry) => levelOfLine(lineOf(entry)),
    ...(onDrop === undefined ? {} : { onDrop: (entry, drop) => onDrop(lineOf(entry), drop) }),
  };
}

/** Hands an entry to the log, which gives it its number; returns its characters. */
export function stageEntry(log: LogStore, entry: Entry): number {
  const isPlain = typeof entry === "string";
  const line = isPlain ? entry : entry.line;
  const mark = isPlain ? undefined : entry.mark;
  if (log.stageEncoded === undefined) log.stage(line, mark);
  else log.stageEncoded(line, mark);
  return line.length;
}

/** Whether there is nothing in what was written: neither a record nor a line. */
export function isEmpty(value: RecordInput | string | Uint8Array): boolean {
  return (typeof value === "string" || value instanceof Uint8Array) && value.length === 0;
}

function lineOf(entry: Entry): string {
  return typeof entry === "string" ? entry : entry.line;
}
