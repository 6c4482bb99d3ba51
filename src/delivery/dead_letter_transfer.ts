import { messageOf } from "../errors.ts";
import type { DeadLetter } from "./dead_letter.ts";
import { readLetter } from "./dead_letter_form.ts";

/** Entries that an import took. */
export interface ImportReport {
  /** Entries that were not held. */
  readonly added: number;
  /** Entries that were held, and know now what both accounts tell. */
  readonly updated: number;
}

/** Lines to import: whole lines as text, or NDJSON as bytes cut anywhere. */
export type LetterLines = Iterable<string> | AsyncIterable<string | Uint8Array>;

/** Entries that are imported with one sync. */
const IMPORT_BATCH = 100;
const IMPORT_BATCH_CHARS = 1024 * 1024;

/**
 * The entries that lines tell, some at a time.
 *
 * @throws {SyntaxError} If a line is no entry; it names the line, and those before it were given
 */
export async function* lettersFrom(lines: LetterLines): AsyncIterable<DeadLetter[]> {
  let batch: DeadLetter[] = [];
  let chars = 0;
  let number = 0;
  for await (const line of wholeLines(lines)) {
    number++;
    if (line.trim() === "") continue;
    try {
      batch.push(readLetter(JSON.parse(line)));
    } catch (error) {
      if (batch.length > 0) yield batch;
      throw new SyntaxError(
        `Line ${number} is no dead letter: ${messageOf(error)}; those before it were imported, ` +
          `mend the line and import again`,
        { cause: error },
      );
    }
    chars += line.length;
    if (batch.length < IMPORT_BATCH && chars < IMPORT_BATCH_CHARS) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}

async function* wholeLines(lines: LetterLines): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of lines) {
    if (typeof part === "string") {
      yield* part.replace(/\r?\n$/, "").split("\n");
      continue;
    }
    const pieces = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = pieces.pop()!;
    yield* pieces;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}

/** Lines as a stream of bytes; nothing is read before it is asked for. */
export function bytesOf(lines: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = lines[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await iterator.return?.();
    },
  }, { highWaterMark: 0 });
}
