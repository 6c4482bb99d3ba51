import { type Buffer, createBuffer } from "../buffer/buffer.ts";
import type { Clock } from "../clock.ts";
import type { FileWriterOptions, WriterSettings } from "./file_writer_options.ts";
import { LF } from "./line_ends.ts";

/** A line as text or as bytes. */
export type Line = string | Uint8Array;

/** Where lines of a file writer wait. */
export function createQueue(
  { onDrop }: FileWriterOptions,
  { overflow, capacity, maxQueueBytes }: WriterSettings,
  clock: Clock,
): Buffer<Line> {
  return createBuffer<Line>({
    // Grows, since most writers never use it.
    capacity: { min: Math.min(64, capacity), max: capacity },
    maxBytes: maxQueueBytes,
    // A string holds one or two bytes a character; 64 stands for its header and its slot.
    bytesOf: (line) => (typeof line === "string" ? 2 : 1) * line.length + 64,
    overflow,
    clock,
    ...(onDrop === undefined ? {} : { onDrop: (line, { policy }) => onDrop(line, policy) }),
  });
}

/** The same line, ended by LF. Bytes are copied only where it is missing. */
export function endedLine(line: Line): Line {
  if (typeof line === "string") {
    return line.charCodeAt(line.length - 1) === LF ? line : line + "\n";
  }
  return line[line.length - 1] === LF ? line : withEnd(line);
}

/** The same, for a line that waits: the caller may use its bytes again meanwhile. */
export function queuedLine(line: Line): Line {
  const ended = endedLine(line);
  return ended === line && typeof line !== "string" ? line.slice() : ended;
}

function withEnd(bytes: Uint8Array): Uint8Array {
  const ended = new Uint8Array(bytes.length + 1);
  ended.set(bytes);
  ended[bytes.length] = LF;
  return ended;
}
