import { messageOf, SinkClosedError } from "../errors.ts";
import type { Batch, Sink, SinkLike } from "./sink.ts";

/**
 * Makes a sink of everything that may stand for one: a sink, a function, or a `WritableStream` of
 * batches, which is delivered to when its `write` resolves and is closed with the pipeline. A stream that
 * has failed once takes nothing ever again: its lane stops, and what is pending stays in the log.
 *
 * @throws {TypeError} If it is none of the three
 */
export function asSink(like: SinkLike, name: string): Sink {
  if (typeof like === "function") return { write: like };
  if (like instanceof WritableStream) return streamSink(like);
  if (typeof like?.write === "function") return like;
  throw new TypeError(
    `Sink "${name}" is no sink: pass an object with write(batch), a function, or a WritableStream`,
  );
}

function streamSink(stream: WritableStream<Batch>): Sink {
  const writer = stream.getWriter();
  return {
    async write(batch) {
      try {
        await writer.write(batch);
      } catch (error) {
        throw new SinkClosedError(`its stream failed for good: ${messageOf(error)}`, {
          cause: error,
        });
      }
    },
    close: () => writer.close().catch(() => {}),
  };
}
