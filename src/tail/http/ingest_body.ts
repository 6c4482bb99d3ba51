import type { Clock } from "../../clock.ts";

/** How much a body may be, and how long it may take. */
export interface BodyLimits {
  /** The most bytes, uncompressed. */
  readonly maxBytes: number;
  /** The time it may take to come. */
  readonly timeoutMs: number;
  /** Time. */
  readonly clock: Clock;
}

/** The text of a body, or why it cannot be had. */
export type Body =
  | { readonly text: string }
  | { readonly status: 400 | 408 | 413 | 415; readonly problem: string };

const FOREIGN_MEDIA = /^(multipart|image|audio|video|font)\//;
const UTF8_CHARSETS: readonly string[] = ["utf-8", "utf8", "us-ascii", ""];

type GzipPair = ReadableWritablePair<Uint8Array, Uint8Array>;

/** Reads a body, plain or gzip, and no more of it than is allowed. Never rejects. */
export async function readBody(request: Request, limits: BodyLimits): Promise<Body> {
  const coding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity" && coding !== "gzip") {
    return { status: 415, problem: `Cannot read the encoding "${coding}": send gzip or none` };
  }
  const foreign = foreignType(request.headers.get("content-type") ?? "");
  if (foreign !== undefined) return { status: 415, problem: foreign };
  const plain = coding === "identity";
  const isTooLarge = Number(request.headers.get("content-length") ?? 0) > limits.maxBytes;
  if (plain && isTooLarge) return tooLarge(limits);
  if (request.body === null) return { text: "" };
  const stream: ReadableStream<Uint8Array> = plain
    ? request.body
    : request.body.pipeThrough(new DecompressionStream("gzip") as GzipPair);
  return await readInTime(stream, limits);
}

/**
 * Why a body of this type holds no lines, if it holds none. What says nothing of its content is taken:
 * clients name forms and octets when they are told nothing.
 */
function foreignType(type: string): string | undefined {
  const [media = "", ...parameters] = type.toLowerCase().split(";").map((part) => part.trim());
  if (FOREIGN_MEDIA.test(media)) {
    return `Cannot read lines in "${media}": send application/x-ndjson or text/plain`;
  }
  const charset = parameters.find((part) => part.startsWith("charset="))?.slice(8)
    .replaceAll('"', "");
  if (charset === undefined || UTF8_CHARSETS.includes(charset)) return undefined;
  return `Cannot read the charset "${charset}": send UTF-8`;
}

/** Whoever sends a body byte by byte, or never ends it, must not hold its place for ever. */
async function readInTime(
  stream: ReadableStream<Uint8Array>,
  limits: BodyLimits,
): Promise<Body> {
  const reader = stream.getReader();
  let isLate = false;
  const cancelTimer = limits.clock.setTimer(() => {
    isLate = true;
    leave(reader);
  }, limits.timeoutMs);
  try {
    const body = await readText(reader, limits);
    return isLate ? tooSlow(limits) : body;
  } catch {
    if (isLate) return tooSlow(limits);
    return { status: 400, problem: "The body is broken: nothing of it was taken" };
  } finally {
    cancelTimer();
    leave(reader);
  }
}

async function readText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limits: BodyLimits,
): Promise<Body> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode() };
    bytes += value.length;
    if (bytes > limits.maxBytes) return tooLarge(limits);
    text += decoder.decode(value, { stream: true });
  }
}

/** Reads no more; what is broken or at its end already is left all the same. */
function leave(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => {});
}

function tooLarge({ maxBytes }: BodyLimits): Body {
  return { status: 413, problem: `Send at most ${maxBytes} bytes a request` };
}

function tooSlow({ timeoutMs }: BodyLimits): Body {
  return { status: 408, problem: `The body took longer than ${timeoutMs} ms: nothing was taken` };
}
