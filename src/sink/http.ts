/**
 * A sink that sends records to a server, and what a receiver needs to store each of them once.
 *
 * @module
 */
import { RejectedError } from "../errors.ts";
import { type BatchPart, BatchParts, halves } from "./http_parts.ts";
import { HttpRequests } from "./http_request.ts";
import { formatSequence } from "./http_sequence.ts";
import { type HttpSettings, httpSettings, type HttpSinkOptions } from "./http_settings.ts";
import type { Batch, RejectedRecord, Sink, SinkContext, SinkResult } from "./sink.ts";

export type { HttpFormat } from "./http_body.ts";
export { type HttpSequence, parseSequence } from "./http_sequence.ts";
export type { HttpFetch, HttpHeaders, HttpSinkOptions } from "./http_settings.ts";

/** Many servers take 8 KiB for a header, some for all of them together. */
const MAX_RUN_CHARS = 4096;

/**
 * A sink that sends batches to a server, as NDJSON or as a JSON array; several at once, in any order.
 *
 * | answer | the records |
 * | ------ | ----------- |
 * | 2xx | delivered, even if the body of the answer breaks off |
 * | 408, 425, 429, 5xx without 501 and 505; no answer, or none in time | sent again, not before `Retry-After` |
 * | 401, 403, 407; a redirect that is not followed | kept: the lane is parked until somebody steps in |
 * | 413 | sent again in halves; a single record that is too large is rejected |
 * | any other | rejected |
 *
 * Delivery is at least once: when a connection breaks before the answer, nobody knows whether the server
 * took the records. So each request names them in its header `logflume-sequence`, whatever batches they
 * come in: `<log>/<lane>; 17-116,120; run=3; since=101`. A receiver that reads it with `parseSequence`
 * stores each record once. Where the numbers would take more than 4 KiB, as behind a filter that leaves
 * many holes, a batch goes out as several requests.
 *
 * Messages hold the beginning of what the server said, but no credentials, no query of the URL, and no
 * value of your headers.
 *
 * @throws {TypeError} If the URL, a header, or the name of the sequence header is none
 * @throws {RangeError} If another option is out of range
 *
 * @example A token that is fetched anew for each request
 * ```ts
 * import { httpSink } from "@logflume/logflume/sink/http";
 *
 * const sink = httpSink({
 *   url: "https://logs.example/ingest",
 *   gzip: true,
 *   headers: async () => ({ authorization: `Bearer ${await Promise.resolve("token")}` }),
 * });
 * console.assert(sink.order === "none");
 * ```
 *
 * @example In a pipeline
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { httpSink } from "@logflume/logflume/sink/http";
 * import { fileStore } from "@logflume/logflume/storage/file";
 *
 * await using pipeline = await openPipeline({
 *   wal: { store: fileStore(".logflume") },
 *   sinks: { web: { sink: httpSink({ url: "https://logs.example/ingest" }), concurrency: 8 } },
 * });
 * ```
 */
export function httpSink(options: HttpSinkOptions): Sink {
  const settings = httpSettings(options);
  const requests = new HttpRequests(settings);
  return {
    order: "none",
    write: (batch, context) => new Delivery(settings, requests, batch, context).run(),
    close: () => requests.close(),
  };
}

/** One batch on its way: as one request, or as several, one after another. */
class Delivery {
  readonly #settings: HttpSettings;
  readonly #requests: HttpRequests;
  readonly #batch: Batch;
  readonly #context: SinkContext;
  readonly #parts: BatchParts;
  readonly #rejected: RejectedRecord[] = [];

  constructor(
    settings: HttpSettings,
    requests: HttpRequests,
    batch: Batch,
    context: SinkContext,
  ) {
    this.#settings = settings;
    this.#requests = requests;
    this.#batch = batch;
    this.#context = context;
    this.#parts = new BatchParts(batch);
  }

  async run(): Promise<SinkResult> {
    const { maxBodyBytes } = this.#settings;
    // The brackets of an array are one byte more than the line feeds.
    const maxBytes = this.#settings.format === "json" ? maxBodyBytes - 1 : maxBodyBytes;
    const waiting = this.#parts.cut({ maxBytes, maxRunChars: MAX_RUN_CHARS });
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      try {
        await this.#send(part, maxBytes);
      } catch (error) {
        const isTooLarge = error instanceof RejectedError && error.isTooLarge;
        if (!isTooLarge || this.#batch.count === 1) return this.#stopAt(part, error);
        if (part.end - part.start > 1) waiting.unshift(...halves(part));
        else this.#rejected.push({ index: part.start, reason: error.message, isTooLarge, error });
      }
    }
    return { reject: this.#rejected };
  }

  async #send(part: BatchPart, maxBytes: number): Promise<void> {
    const { signal, source } = this.#context;
    signal.throwIfAborted();
    const lines = this.#parts.bytesOf(part);
    if (lines.length > maxBytes) throw this.#overLimit(lines.length);
    const runs = this.#parts.runsOf(part);
    const sequence = source === undefined ? undefined : formatSequence(source, runs);
    await this.#requests.send(lines, sequence, signal);
  }

  #overLimit(bytes: number): RejectedError {
    const { shown, maxBodyBytes } = this.#settings;
    const message = `A record of ${bytes} bytes is too large for ${shown}: maxBodyBytes is ` +
      `${maxBodyBytes}`;
    return new RejectedError(message, { isTooLarge: true });
  }

  /** What went before is settled and must not be sent again; if that is nothing, the error says it all. */
  #stopAt({ start }: BatchPart, error: unknown): SinkResult {
    if (start === 0) throw error;
    const retry = Array.from({ length: this.#batch.count - start }, (_, i) => start + i);
    return { retry, reject: this.#rejected, error };
  }
}
