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
import { type Clock, systemClock } from "../clock.ts";
import { isolated } from "../isolated.ts";
import { appendSink } from "./append_sink.ts";
import { fileOpener, rotationMaker, tellOnConsole } from "./file_opener.ts";
import type { RotationOptions } from "./rotation_options.ts";
import type { Sink } from "./sink.ts";

export { openFileWriter } from "./file_writer.ts";
export type { FileWriter, FileWriterStats } from "./file_writer_face.ts";
export type { FileWriterOptions, WriterMode, WriterStrategy } from "./file_writer_options.ts";
export type { KeepOptions, RotationOptions } from "./rotation_options.ts";
export { type FileLogger, init, type InitOptions } from "./init.ts";

/** How {@linkcode fileSink} writes. */
export interface FileSinkOptions extends RotationOptions {
  /** The file. It and the folders above it are created. */
  readonly path: string;
  /**
   * Whether what was delivered survives a power cut (fdatasync) before the log may forget it. Off,
   * the operating system writes when it likes. @default {true}
   */
  readonly durable?: boolean;
  /**
   * How batches go out: with write(2), or copied into a mapping of the file (Deno with `--allow-ffi`,
   * Bun). @default {"block"}
   */
  readonly strategy?: "block" | "mapped";
  /**
   * Look at the path on SIGHUP, which then no longer ends the process. Off, since a library must not
   * change how its host dies; a file that was moved is noticed before the next batch without it.
   *
   * @default {false}
   */
  readonly reopenOnHangup?: boolean;
  /** Told what a rotation cannot do. The file is written on. @default {console.error} */
  readonly onError?: (error: Error) => void;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
}

/**
 * A sink that appends each record's JSON line to a file, unchanged and in order.
 *
 * Each batch is written at once, wholly or not at all: when the disk refuses in the middle, the file is
 * cut back and the batch is sent again. After a kill the file is cut back to what the log knows as
 * delivered, so that it holds no repeats. A file that was moved away or removed (log rotation) is
 * opened anew. Only one sink at a time may write to a file: what others append behind the last record
 * delivered is cut off at the next start. Two of one process are refused when the second is opened, if
 * either has a log on disk.
 *
 * With `maxBytes` or `every` the file is rotated between batches: `app.ndjson` becomes
 * `app.000042.2026-11-21T10-54-23Z.ndjson`. After a kill, when the log knows less as delivered than the
 * rotated files hold, the files after that place are removed, the one that holds it has the path again and
 * is cut back, so that all files together hold no repeats. For that, `keep` and `gzip` leave alone the
 * file that the checkpoint before the last sync of the log's cursors leads to, and all after it: cursors
 * are synced once a minute while records come, before a segment is freed, and at the end. Without a log
 * on disk nothing is held back.
 *
 * @example
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { fileSink } from "@logflume/logflume/sink/file";
 * import { fileStore } from "@logflume/logflume/storage/file";
 *
 * await using pipeline = await openPipeline({
 *   wal: { store: fileStore(".logflume") },
 *   sinks: { file: fileSink({ path: "logs/app.ndjson", every: "day", keep: { count: 14 } }) },
 * });
 * ```
 *
 * @throws {TypeError} If `path` is empty or no string
 * @throws {TypeError | RangeError} If an option of the rotation is out of range
 */
export function fileSink(options: FileSinkOptions): Sink {
  const { path, durable = true, strategy = "block", clock = systemClock } = options;
  if (typeof path !== "string" || path === "") {
    throw new TypeError('A file sink needs a path: give the option "path" a file name');
  }
  if (strategy !== "block" && strategy !== "mapped") {
    throw new RangeError(`Unknown strategy "${strategy}": use one of block, mapped`);
  }
  const onError = isolated("onError", options.onError ?? tellOnConsole);
  return appendSink(fileOpener(path, strategy), durable, {
    path,
    rotation: rotationMaker(path, options, { clock, onError }),
    isPadded: strategy === "mapped",
    reopenOnHangup: options.reopenOnHangup ?? false,
    onError,
    clock,
  });
}
