import type { BufferOptions } from "../buffer/buffer_options.ts";
import { levelOfLine } from "../record/line_level.ts";
import type { InputMark } from "../storage/store.ts";
import type { PipelineBufferOptions } from "./options.ts";

/** A line on its way to the log; with its mark where it came from an input. */
export type Entry = string | { readonly line: string; readonly mark: InputMark };

/** The buffer of an intake, from what the pipeline was given. */
export function bufferOptions(given: PipelineBufferOptions): BufferOptions<Entry> {
  const { capacity = 10_000, onDrop, maxBytes, ...rest } = given;
  return {
    ...rest,
    ...(typeof capacity === "number" ? { strategy: { highWaterMark: capacity } } : { capacity }),
    maxBytes: maxBytes ?? 16 * 1024 * 1024,
    // A string holds one or two bytes a character; 64 stands for its header and its slot.
    bytesOf: (entry) => 2 * (typeof entry === "string" ? entry : entry.line).length + 64,
    levelOf: (entry) => levelOfLine(lineOf(entry)),
    ...(onDrop === undefined ? {} : { onDrop: (entry, drop) => onDrop(lineOf(entry), drop) }),
  };
}

function lineOf(entry: Entry): string {
  return typeof entry === "string" ? entry : entry.line;
}
