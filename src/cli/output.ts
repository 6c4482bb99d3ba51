import { openAppendFile } from "../platform/append_file.ts";
import { SinkClosedError } from "../errors.ts";
import { consoleSink } from "../sink/console.ts";
import { fileSink } from "../sink/file.ts";
import type { Sink } from "../sink/sink.ts";
import { UsageError } from "./usage_error.ts";

/** Where records go. */
export interface Output {
  /** The name of its lane: the place reached is kept under it over runs. */
  readonly name: "file" | "console";
  /** The destination. */
  readonly sink: Sink;
}

/**
 * The file `path`, or the console without one. `onClosed` is called when the reader of the console has
 * gone.
 *
 * @throws {UsageError} If the file cannot be written
 */
export function openOutput(path: string | undefined, onClosed: () => void): Output {
  if (path === undefined) return { name: "console", sink: watched(consoleSink(), onClosed) };
  try {
    openAppendFile(path).close();
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  return { name: "file", sink: fileSink({ path }) };
}

function watched(sink: Sink, onClosed: () => void): Sink {
  return {
    ...sink,
    async write(batch, context) {
      try {
        return await sink.write(batch, context);
      } catch (error) {
        if (error instanceof SinkClosedError) onClosed();
        throw error;
      }
    },
  };
}
