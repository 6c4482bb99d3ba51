import process from "node:process";
import type { InputMark } from "../storage/store.ts";
import { type Feed, orStop } from "./feed.ts";
import { createLineSplitter, type Line, type LineSplitter } from "./line_splitter.ts";
import { isCovered, isIdWhole, type OpenInput, openInput } from "./open_input.ts";
import { anchorAfter, anchorAt, holdsAnchor, NO_ANCHOR, type ReadAnchor } from "./read_anchor.ts";

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
  /** What was read before it, if that is known. */
  readonly anchor?: ReadAnchor;
}

/** Reads one open file. */
export class FileReader {
  readonly #context: InputContext;
  readonly #chunk: Uint8Array;
  readonly #file: string;
  #splitter: LineSplitter;
  #id: string;
  #anchor: ReadAnchor;
  #isInHole = false;
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
    this.#anchor = from.anchor ?? NO_ANCHOR;
    this.#splitter = createLineSplitter({ maxLineBytes: MAX_LINE_BYTES, offset: from.offset });
  }

  /** Bytes read. */
  get offset(): number {
    return this.#splitter.offset;
  }

  /** Where another reader would go on. */
  get place(): ReadPlace {
    const offset = this.#splitter.lineOffset;
    return { file: this.#file, id: this.#id, offset, anchor: this.#anchor };
  }

  /**
   * Passes over NUL bytes up to the first other one: what a writer that was not told leaves at the
   * beginning of a file that was cut under it.
   */
  skipHole(): void {
    this.#isInHole = true;
  }

  /** Reads until there is no more for now, or `maxChunks` were read. */
  async readOn(maxChunks: number = Infinity): Promise<ReadEnd | "more"> {
    const end = await this.#read(maxChunks, false);
    return end === "cut" ? "end" : end;
  }

  /**
   * Reads as {@linkcode readOn} does, and looks after each chunk, before anything of it is handed over,
   * whether it belongs to what was read before. `cut` if it does not: nothing of it was taken then.
   */
  async followOn(maxChunks: number): Promise<ReadEnd | "more" | "cut"> {
    return await this.#read(maxChunks, true);
  }

  async #read(maxChunks: number, isFollowed: boolean): Promise<ReadEnd | "more" | "cut"> {
    const { stop } = this.#context;
    for (let count = 0; !stop.aborted; count++) {
      if (count === maxChunks) return "more";
      const bytes = await orStop(this.input.read(this.#chunk, this.offset), stop);
      if (bytes === undefined) break;
      const chunk = this.#chunk.subarray(0, bytes);
      const id = await this.#idAfter(chunk);
      if (isFollowed && !await this.#isStill(bytes)) return "cut";
      if (bytes === 0) return "end";
      this.#id = id;
      if (!await this.#take(chunk)) return "refused";
      // The rest, should there be any, is seen by the next look.
      if (isFollowed && bytes < this.#chunk.length) return "end";
    }
    return "stopped";
  }

  /** The id of the file: a fingerprint of nothing fits every file that will get this inode. */
  async #idAfter(chunk: Uint8Array): Promise<string> {
    if (!this.input.isRegular || isIdWhole(this.#id)) return this.#id;
    // Not read again: what is there by now may be the beginning of something else.
    return this.offset === 0 ? this.input.idOf(chunk) : await this.input.identify();
  }

  /** Whether all that was read stands where it stood, before the `bytes` that were read now. */
  async #isStill(bytes: number): Promise<boolean> {
    if (bytes === 0 && await this.input.size() < this.offset) return false;
    if (!await this.input.matches(this.#id)) return false;
    return isCovered(this.#id, this.#anchor.end) || await holdsAnchor(this.input, this.#anchor);
  }

  async #take(bytes: Uint8Array): Promise<boolean> {
    const chunk = this.#isInHole ? this.#afterHole(bytes) : bytes;
    const { offset } = this;
    const lines = this.#splitter.push(chunk);
    this.#anchor = anchorAfter(this.#anchor, chunk, offset);
    return await this.#feed(lines);
  }

  #afterHole(bytes: Uint8Array): Uint8Array {
    const text = bytes.findIndex((byte) => byte !== 0);
    const count = text === -1 ? bytes.length : text;
    this.#isInHole = text === -1;
    const offset = this.offset + count;
    this.#splitter = createLineSplitter({ maxLineBytes: MAX_LINE_BYTES, offset });
    return bytes.subarray(count);
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
    if (await input.size() < mark.offset || !await input.matches(mark.id)) continue;
    return { ...mark, anchor: await anchorAt(input, mark.offset) };
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
