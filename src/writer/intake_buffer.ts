import { boundOf, type BufferOptions } from "../buffer/buffer_options.ts";
import { isolated } from "../isolated.ts";
import { levelOfLine } from "../record/line_level.ts";
import type { LogRecord } from "../record/record.ts";
import type { WriterDrop, WriterOptions } from "./options.ts";

/** Told of the line of each record that was dropped. */
export type DropListener = (line: string, drop: WriterDrop) => void;

/** What a writer was given to be told of drops; a line is parsed only if somebody is. */
export function dropListener({ onDrop }: WriterOptions): DropListener | undefined {
  if (onDrop === undefined) return undefined;
  const listener = (line: string, drop: WriterDrop) => onDrop(JSON.parse(line) as LogRecord, drop);
  return isolated("onDrop", listener);
}

/** The buffer of a writer, from what it was given. */
export function bufferOptions(
  { capacity = 1000, onDrop: _ofRecords, ...given }: WriterOptions,
  onDrop: DropListener | undefined,
): BufferOptions<string> {
  return {
    ...given,
    ...boundOf(capacity),
    overflow: given.overflow ?? "warn",
    maxBytes: given.maxBytes ?? 16 * 1024 * 1024,
    // A string holds one or two bytes a character; 64 stands for its header and its slot.
    bytesOf: (line) => 2 * line.length + 64,
    levelOf: levelOfLine,
    ...(onDrop === undefined ? {} : {
      onDrop: (line, { policy, level }) => onDrop(line, { reason: policy, level }),
    }),
  };
}
