import type { Context } from "hono";
import type { Clock } from "../../clock.ts";
import { Turns } from "../turns.ts";
import { type BodyLimits, readBody } from "./ingest_body.ts";

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
  /** How long a request may take to bring its body; 30 s unless given, 24 h at most. */
  readonly bodyTimeoutMs?: number;
}

/** The answer to a request that was understood. */
export interface IngestAnswer {
  /** Lines taken, from the first on. */
  readonly accepted: number;
  /** Why the rest was not. */
  readonly error?: string;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;
const BODY_TIMEOUT_MS = 30_000;
const MAX_BODY_TIMEOUT_MS = 86_400_000;
/** Bodies that are held at once. */
const MAX_BODIES = 8;
const RETRY_AFTER_SECONDS = "1";

/**
 * Makes the handler of `POST <path>/ingest`: newline-delimited JSON or text, plain or gzip, a record a
 * line. It answers 200 when every line is durable as the pipeline defines it, 429 with `Retry-After`
 * when the buffer had no room for the rest (`accepted` says after how many), and 413, 415, 408 or 400
 * with nothing taken: a multipart form, an image and a charset other than UTF-8 hold no lines. Many lines are taken in turns of 20 ms, so that they hold up nobody.
 *
 * @throws {TypeError} If the target cannot be written to
 * @throws {RangeError} If `maxBodyBytes` or `bodyTimeoutMs` is no positive integer in its range
 */
export function ingestHandler(
  options: IngestOptions,
  clock: Clock,
): (c: Context) => Promise<Response> {
  const { target, maxBodyBytes = MAX_BODY_BYTES, bodyTimeoutMs = BODY_TIMEOUT_MS } = options;
  if (typeof target?.write !== "function") {
    throw new TypeError("Invalid target of ingest: pass a pipeline, or an object with write(line)");
  }
  assertLimit("maxBodyBytes", maxBodyBytes, Number.MAX_SAFE_INTEGER);
  assertLimit("bodyTimeoutMs", bodyTimeoutMs, MAX_BODY_TIMEOUT_MS);
  const limits: BodyLimits = { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs, clock };
  let held = 0;
  return async (c) => {
    if (held >= MAX_BODIES) return busy(c, { accepted: 0, error: "Too many requests at once" });
    held++;
    try {
      const body = await readBody(c.req.raw, limits);
      if ("text" in body) return await take(c, target, body.text, new Turns(clock));
      // What is left of it is not read.
      if (body.status === 408) c.header("Connection", "close");
      return c.json(refused(body.problem), body.status);
    } finally {
      held--;
    }
  };
}

function assertLimit(name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? "" : ` of at most ${max}`;
  throw new RangeError(`Invalid ${name} ${value}: use a positive integer${range}`);
}

async function take(
  c: Context,
  target: IngestTarget,
  text: string,
  turns: Turns,
): Promise<Response> {
  const { accepted, isFull } = await writeLines(target, text, turns);
  try {
    await target.durable?.();
  } catch {
    return c.json({ accepted, error: "The lines could not be made durable" }, 503);
  }
  if (!isFull) return c.json({ accepted }, 200);
  return busy(c, { accepted, error: "The buffer is full: send the rest again later" });
}

/** Hands lines over, from the first on, until one is refused. Empty ones are passed over. */
async function writeLines(
  target: IngestTarget,
  text: string,
  turns: Turns,
): Promise<{ readonly accepted: number; readonly isFull: boolean }> {
  let accepted = 0;
  for (let at = 0; at < text.length;) {
    const lf = text.indexOf("\n", at);
    const end = lf === -1 ? text.length : lf;
    const line = withoutCr(text.slice(at, end));
    at = end + 1;
    if (line !== "" && !target.write(line)) return { accepted, isFull: true };
    if (line !== "") accepted++;
    if (turns.isOver) await turns.next();
  }
  return { accepted, isFull: false };
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
