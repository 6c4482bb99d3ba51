import { type Clock, systemClock } from "../clock.ts";
import type { AppendFile } from "../platform/append_file.ts";
import { parseMark } from "./file_mark.ts";
import { FileTarget } from "./file_target.ts";
import type { Batch, Sink } from "./sink.ts";

/** A file sink over whatever `open` opens. */
export function appendSink(
  open: () => AppendFile,
  durable: boolean,
  clock: Clock = systemClock,
): Sink {
  const target = new FileTarget({ open, durable, marks: true, lookEveryMs: 0, clock });
  const write = (batch: Batch) => target.append(batch.bytes);
  return {
    order: "strict",
    open: (checkpoint) => void target.open(parseMark(checkpoint)),
    write,
    writeSync: write,
    checkpoint() {
      const mark = target.mark();
      return mark === undefined ? undefined : JSON.stringify(mark);
    },
    sync: () => durable ? target.sync() : undefined,
    close: () => target.close(),
  };
}
