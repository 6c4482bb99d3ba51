import process from "node:process";
import type { InputMark } from "../storage/store.ts";
import { type Feed, orStop } from "./feed.ts";
import { createLineSplitter, type Line, type LineSplitter } from "./line_splitter.ts";
import { type OpenInput, openInput } from "./open_input.ts";

/** What reading an input needs from the program around it. */
export interface InputContext {
  /** Takes the lines. */
  readonly feed: Feed;
  /** The last stored place of a file. */
  inputMark(file: string): InputMark | undefined;
  /** Tells the user something in one line. */
  say(text: string): void;
  /** Aborted when reading is to end. */
  readonly stop: AbortSignal;
}

/** Longer lines are cut and marked. */
const MAX_LINE_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** How reading ended: at the end of the input, by `stop`, or because lines were not taken. */
export type ReadEnd = "end" | "stopped" | "refused";

/** Reads one open file, from where the log knows it to be read. */
export class FileReader {
  readonly #context: InputContext;
  readonly #chunk: Uint8Array = new Uint8Array(CHUNK_BYTES);
  readonly #splitter: LineSplitter;
  /** The file. */
  readonly input: OpenInput;

  constructor(input: OpenInput, offset: number, context: InputContext) {
    this.input = input;
    this.#context = context;
    this.#splitter = createLineSplitter({ maxLineBytes: MAX_LINE_BYTES, offset });
  }

  /** Bytes read. */
  get offset(): number {
    return this.#splitter.offset;
  }

  /** Reads until there is no more for now. */
  async readOn(): Promise<ReadEnd> {
    const { stop } = this.#context;
    while (!stop.aborted) {
      const count = await orStop(this.input.read(this.#chunk, this.offset), stop);
      if (count === 0) return "end";
      if (count === undefined) break;
      const lines = this.#splitter.push(this.#chunk.subarray(0, count));
      if (!await this.#feed(lines)) return "refused";
    }
    return "stopped";
  }

  /** Hands over the last line, which has no LF. Only at the end: elsewhere it is half a line. */
  async finish(): Promise<ReadEnd> {
    const last = this.#splitter.end();
    return last === undefined || await this.#feed([last]) ? "end" : "refused";
  }

  #feed(lines: readonly Line[]): Promise<boolean> {
    const { path: file, id, isRegular } = this.input;
    return this.#context.feed(lines, isRegular ? { file, id } : undefined);
  }
}

/** Opens a file where the log knows it to be read, and says so when that is not its beginning. */
export async function openReader(path: string, context: InputContext): Promise<FileReader> {
  const input = await openInput(path);
  const mark = input.isRegular ? context.inputMark(input.path) : undefined;
  if (mark === undefined) return new FileReader(input, 0, context);
  const isSame = await input.matches(mark.id) && await input.size() >= mark.offset;
  context.say(
    isSame
      ? `Going on with "${path}" at byte ${mark.offset}, where the last run ended; ` +
        "give another --data folder to read it from the beginning"
      : `Reading "${path}" from the beginning: it is not the file that the last run read`,
  );
  return new FileReader(input, isSame ? mark.offset : 0, context);
}

/** Reads a file to its end. */
export async function readTextFile(path: string, context: InputContext): Promise<ReadEnd> {
  const reader = await openReader(path, context);
  try {
    const end = await reader.readOn();
    return end === "end" ? await reader.finish() : end;
  } finally {
    await reader.input.close();
  }
}

/** Reads standard input to its end. What was read when `stop` comes is handed over, whole or not. */
export async function readStandardInput({ feed, stop }: InputContext): Promise<ReadEnd> {
  const splitter = createLineSplitter({ maxLineBytes: MAX_LINE_BYTES });
  const chunks: AsyncIterator<Uint8Array> = process.stdin[Symbol.asyncIterator]();
  for (;;) {
    const next = await orStop(chunks.next(), stop);
    if (next === undefined || next.done) break;
    if (!await feed(splitter.push(next.value))) return "refused";
  }
  const last = splitter.end();
  if (last !== undefined && !await feed([last])) return "refused";
  return stop.aborted ? "stopped" : "end";
}
