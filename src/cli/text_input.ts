import process from "node:process";
import type { InputMark } from "../storage/store.ts";
import { type Feed, orStop } from "./feed.ts";
import { createLineSplitter, type Line, type LineSplitter } from "./line_splitter.ts";
import { isIdWhole, type OpenInput, openInput } from "./open_input.ts";

/** What reading an input needs from the program around it. */
export interface InputContext {
  /** Takes the lines. */
  readonly feed: Feed;
  /** What the log knows of files with this device and inode; what it heard of last comes last. */
  marksAt(place: string): readonly InputMark[];
  /** Whether a path is no input, whatever a pattern says. */
  isLeftOut(path: string): boolean;
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

/** Where reading goes on in a file that was closed in between. */
export interface ReadPlace {
  /** By which name the log knows the file, whatever it is called now. */
  readonly file: string;
  /** What tells the file from another that came to have its inode. */
  readonly id: string;
  /** The byte after the last whole line. */
  readonly offset: number;
}

/** Reads one open file. */
export class FileReader {
  readonly #context: InputContext;
  readonly #chunk: Uint8Array;
  readonly #splitter: LineSplitter;
  readonly #file: string;
  #id: string;
  /** The file. */
  readonly input: OpenInput;

  /** `chunk` is what is read into: readers that take turns may share it. */
  constructor(
    input: OpenInput,
    from: ReadPlace,
    context: InputContext,
    chunk: Uint8Array = new Uint8Array(CHUNK_BYTES),
  ) {
    this.input = input;
    this.#context = context;
    this.#chunk = chunk;
    this.#file = from.file;
    this.#id = from.id;
    this.#splitter = createLineSplitter({ maxLineBytes: MAX_LINE_BYTES, offset: from.offset });
  }

  /** Bytes read. */
  get offset(): number {
    return this.#splitter.offset;
  }

  /** Where another reader would go on. */
  get place(): ReadPlace {
    return { file: this.#file, id: this.#id, offset: this.#splitter.lineOffset };
  }

  /** Reads until there is no more for now, or `maxChunks` were read. */
  async readOn(maxChunks: number = Infinity): Promise<ReadEnd | "more"> {
    const { stop } = this.#context;
    for (let count = 0; !stop.aborted; count++) {
      if (count === maxChunks) return "more";
      const bytes = await orStop(this.input.read(this.#chunk, this.offset), stop);
      if (bytes === 0) return "end";
      if (bytes === undefined) break;
      // A fingerprint of nothing fits every file that will get this inode.
      if (this.input.isRegular && !isIdWhole(this.#id)) this.#id = await this.input.identify();
      const lines = this.#splitter.push(this.#chunk.subarray(0, bytes));
      if (!await this.#feed(lines)) return "refused";
    }
    return "stopped";
  }

  /** Hands over the last line, which has no LF. Only at the end: elsewhere it is half a line. */
  async finish(): Promise<"end" | "refused"> {
    const last = this.#splitter.end();
    return last === undefined || await this.#feed([last]) ? "end" : "refused";
  }

  #feed(lines: readonly Line[]): Promise<boolean> {
    const origin = { file: this.#file, id: this.#id };
    return this.#context.feed(lines, this.input.isRegular ? origin : undefined);
  }
}

/** Memory to read into. */
export function readChunk(): Uint8Array {
  return new Uint8Array(CHUNK_BYTES);
}

/** The place of a file that nothing is known of: inodes keep apart what had the same path. */
export function beginningOf(input: OpenInput): ReadPlace {
  return { file: `${input.path}#${input.place}`, id: input.id, offset: 0 };
}

/** The place up to which the log knows a file; undefined if it does not know it. */
export async function knownPlace(
  input: OpenInput,
  context: InputContext,
): Promise<ReadPlace | undefined> {
  if (!input.isRegular) return undefined;
  for (const mark of context.marksAt(input.place).toReversed()) {
    if (await input.size() >= mark.offset && await input.matches(mark.id)) return mark;
  }
  return undefined;
}

/** Opens a file where the log knows it to be read, and says so when that is not its beginning. */
export async function openReader(path: string, context: InputContext): Promise<FileReader> {
  const input = await openInput(path);
  const known = await knownPlace(input, context);
  if (known !== undefined) sayResumed(path, known, context);
  else if (context.marksAt(input.place).length > 0) {
    context.say(`Reading "${path}" from the beginning: it is not the file that the last run read`);
  }
  return new FileReader(input, known ?? beginningOf(input), context);
}

/** Tells that a file is not read from its beginning. */
export function sayResumed(path: string, { offset }: ReadPlace, { say }: InputContext): void {
  say(
    `Going on with "${path}" at byte ${offset}, where the last run ended; ` +
      "give another --data folder to read it from the beginning",
  );
}

/** Reads a file to its end. */
export async function readTextFile(path: string, context: InputContext): Promise<ReadEnd> {
  const reader = await openReader(path, context);
  try {
    const end = await reader.readOn();
    return end === "end" ? await reader.finish() : end === "more" ? "stopped" : end;
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
