import type { Context } from "hono";

/** What takes the lines that are posted: a pipeline will do. */
export interface IngestTarget {
  /** Takes one line; false if there is no room for it now. */
  write(line: string): boolean;
  /** Resolves when everything taken is durable. */
  durable?(): Promise<void>;
}

/** How much a request may bring. */
export interface IngestOptions {
  /** What takes the lines. */
  readonly target: IngestTarget;
  /** The most bytes of one request, uncompressed; 4 MiB unless given. */
  readonly maxBodyBytes?: number;
}

/** The answer to a request that was understood. */
export interface IngestAnswer {
  /** Lines taken, from the first on. */
  readonly accepted: number;
  /** Why the rest was not. */
  readonly error?: string;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Bodies that are held at once. */
const MAX_BODIES = 8;
const RETRY_AFTER_SECONDS = "1";

/**
 * Makes the handler of `POST <path>/ingest`: newline-delimited JSON or text, plain or gzip, a record a
 * line. It answers 200 when every line is durable as the pipeline defines it, 429 with `Retry-After`
 * when the buffer had no room for the rest (`accepted` says after how many), and 413 or 400 with nothing
 * taken.
 *
 * @throws {RangeError} If `maxBodyBytes` is not a positive integer
 */
export function ingestHandler(options: IngestOptions): (c: Context) => Promise<Response> {
  const { target, maxBodyBytes = MAX_BODY_BYTES } = options;
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1) {
    throw new RangeError(`Invalid maxBodyBytes ${maxBodyBytes}: use a positive integer`);
  }
  let held = 0;
  return async (c) => {
    if (held >= MAX_BODIES) return busy(c, { accepted: 0, error: "Too many requests at once" });
    held++;
    try {
      const body = await readBody(c.req.raw, maxBodyBytes);
      return "problem" in body
        ? c.json(refused(body.problem), body.status)
        : await take(c, target, body.text);
    } finally {
      held--;
    }
  };
}

type Body =
  | { readonly text: string }
  | { readonly status: 400 | 413 | 415; readonly problem: string };

/** The text of a body, or why it cannot be had. Reads no more than is allowed. */
async function readBody(request: Request, maxBytes: number): Promise<Body> {
  const coding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity" && coding !== "gzip") {
    return { status: 415, problem: `Cannot read the encoding "${coding}": send gzip or none` };
  }
  const tooLarge: Body = { status: 413, problem: `Send at most ${maxBytes} bytes a request` };
  const plain = coding === "identity";
  if (plain && Number(request.headers.get("content-length") ?? 0) > maxBytes) return tooLarge;
  if (request.body === null) return { text: "" };
  const stream: ReadableStream<Uint8Array> = plain
    ? request.body
    : request.body.pipeThrough(new DecompressionStream("gzip") as GzipPair);
  const text = await readText(stream, maxBytes).catch(() => null);
  if (text === null) return { status: 400, problem: "The body is broken: nothing of it was taken" };
  return text === undefined ? tooLarge : { text };
}

type GzipPair = ReadableWritablePair<Uint8Array, Uint8Array>;

/** The whole text; undefined if it is longer than allowed. */
async function readText(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function take(c: Context, target: IngestTarget, text: string): Promise<Response> {
  const lines = text.split("\n").map(withoutCr).filter((line) => line !== "");
  const refusedAt = lines.findIndex((line) => !target.write(line));
  const accepted = refusedAt === -1 ? lines.length : refusedAt;
  try {
    await target.durable?.();
  } catch {
    return c.json({ accepted, error: "The lines could not be made durable" }, 503);
  }
  if (accepted === lines.length) return c.json({ accepted }, 200);
  return busy(c, { accepted, error: "The buffer is full: send the rest again later" });
}

function withoutCr(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function busy(c: Context, answer: IngestAnswer): Response {
  c.header("Retry-After", RETRY_AFTER_SECONDS);
  return c.json(answer, 429);
}

function refused(error: string): IngestAnswer {
  return { accepted: 0, error };
}
