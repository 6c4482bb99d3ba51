/**
 * Log files: a sink of a pipeline, a writer for lines, and a logger with its own file. Needs a file system.
 *
 * @example
 * ```ts ignore
 * import { init } from "@logflume/logflume/sink/file";
 *
 * const log = init("app.log");
 * log.info("order placed", { order: 42, total: 99.5 });
 * ```
 *
 * @module
 */
import { openAppendFile } from "../platform/append_file.ts";
import { appendSink } from "./append_sink.ts";
import type { Sink } from "./sink.ts";

export { openFileWriter } from "./file_writer.ts";
export type { FileWriter, FileWriterStats } from "./file_writer_face.ts";
export type { FileWriterOptions, WriterMode, WriterStrategy } from "./file_writer_options.ts";
export { type FileLogger, init, type InitOptions } from "./init.ts";

/** How {@linkcode fileSink} writes. */
export interface FileSinkOptions {
  /** The file. It and the folders above it are created. */
  readonly path: string;
  /**
   * Whether what was delivered survives a power cut (fdatasync) before the log may forget it. Off,
   * the operating system writes when it likes. @default {true}
   */
  readonly durable?: boolean;
}

/**
 * A sink that appends each record's JSON line to a file, unchanged and in order.
 *
 * Each batch is written at once, wholly or not at all: when the disk refuses in the middle, the file is
 * cut back and the batch is sent again. After a kill the file is cut back to what the log knows as
 * delivered, so that it holds no repeats. A file that was moved away or removed (log rotation) is
 * opened anew. Only one sink at a time may write to a file: what others append behind the last record
 * delivered is cut off at the next start.
 *
 * @example
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { fileSink } from "@logflume/logflume/sink/file";
 * import { fileStore } from "@logflume/logflume/storage/file";
 *
 * await using pipeline = await openPipeline({
 *   wal: { store: fileStore(".logflume") },
 *   sinks: { file: fileSink({ path: "logs/app.ndjson" }) },
 * });
 * ```
 *
 * @throws {TypeError} If `path` is empty or no string
 */
export function fileSink(options: FileSinkOptions): Sink {
  const { path, durable = true } = options;
  if (typeof path !== "string" || path === "") {
    throw new TypeError('A file sink needs a path: give the option "path" a file name');
  }
  return appendSink(() => openAppendFile(path), durable);
}
