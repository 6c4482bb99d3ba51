import type { FileWriter } from "./file_writer_face.ts";
import type { FileWriterOptions } from "./file_writer_options.ts";
import { LineWriter } from "./line_writer.ts";

/**
 * Opens a file for lines, and creates it and the folders above it. Needs no pipeline and no thread: full
 * blocks are written inside `send`, the rest when the event loop turns, and what is left when the process
 * ends is written then, close() or not. A signal that the program does not listen to (SIGTERM, Ctrl-C)
 * ends it as `kill -9` does, at once: what was not yet written is missing. That is little in mode
 * `trigger`, up to `tickMs` of lines in `loop`, and all in `manual`; listen to it, and end with
 * `await writer.close()`.
 *
 * A write is whole or not at all: when the disk refuses in the middle, the file is cut back, and the same
 * lines are tried again every 250 ms and at `trigger()`; lines that come meanwhile wait.
 * A file that was moved away, removed or cut in place is noticed within 50 ms of writing and opened anew;
 * what is written until then goes to the old one. A named pipe is written to as well: opening it waits for
 * its reader, and a full one stops the caller.
 *
 * @throws {RangeError | TypeError} If an option is out of range
 * @throws {Error} If the file cannot be opened
 *
 * @example
 * ```ts ignore
 * import { openFileWriter } from "@logflume/logflume/sink/file";
 *
 * await using writer = openFileWriter("logs/app.log");
 * writer.send("server started");
 * ```
 */
export function openFileWriter(path: string, options: FileWriterOptions = {}): FileWriter {
  return openLineWriter(path, options);
}

/** The same with its inner face, for a logger whose lines are known to be whole. */
export function openLineWriter(path: string, options: FileWriterOptions): LineWriter {
  if (typeof path !== "string" || path === "") {
    throw new TypeError("A file writer needs a path: give it a file name");
  }
  return new LineWriter(path, options);
}
