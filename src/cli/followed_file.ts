import type { FoundFile } from "./input_source.ts";
import { type OpenInput, openInput } from "./open_input.ts";
import {
  beginningOf,
  FileReader,
  type InputContext,
  type ReadEnd,
  type ReadPlace,
} from "./text_input.ts";

/** A file has so many chunks of 256 KiB read before the next one has its turn. */
const TURN_CHUNKS = 16;
/** Looks, of four a second, that a half line of a rotated file waits for its rest. */
const HALF_LINE_LOOKS = 20;
/** Looks that a file without a name is held open, since its writer may not know yet. */
const NAMELESS_LOOKS = 240;

/** Copies appear soon after, or never. */
const MAX_CUTS = 8;

/** How a turn ended; `more` if there is more to read at once. */
export type TurnEnd = ReadEnd | "more";

/** What a file that is read needs from the one who follows many. */
export interface FollowHost {
  /** The program around. */
  readonly context: InputContext;
  /** What all readers read into. */
  readonly chunk: Uint8Array;
  /** Makes sure that one more file may be opened. */
  makeRoom(): Promise<void>;
}

/** A file that is read as it grows, whatever it is called, by turns. */
export class FollowedFile {
  readonly #host: FollowHost;
  #found: FoundFile;
  #reader: FileReader | undefined;
  /** Where reading goes on while it is closed. */
  #place: ReadPlace | undefined;
  /** Bytes read, and the time of the last change, as of the last turn. */
  #readTo = 0;
  #changedNs = -1n;
  #isMoved: boolean;
  #stillLooks = 0;
  /** Whether it is only known, so that it is not taken for a new one. */
  isSkipped = false;
  /** Whether no path leads to it any more. */
  isNameless = false;
  /** Up to where it was read each time that it was cut to a shorter length; the last times only. */
  readonly cuts: ReadPlace[] = [];
  /** When it had its last turn, as a count of turns. */
  lastTurn = 0;

  constructor(found: FoundFile, host: FollowHost) {
    this.#found = found;
    this.#host = host;
    this.#isMoved = !found.isMeant;
  }

  /** What was last seen of it. */
  get found(): FoundFile {
    return this.#found;
  }

  /** Whether it holds a descriptor. */
  get isOpen(): boolean {
    return this.#reader !== undefined;
  }

  /** Whether it has no name any more and will not be read on. */
  get isOver(): boolean {
    return this.isNameless && this.#stillLooks >= NAMELESS_LOOKS;
  }

  /** Notes what a look has found, or that it found nothing. */
  see(found: FoundFile | undefined): void {
    if (found?.path !== this.#found.path && !this.isNameless) this.#stillLooks = 0;
    this.isNameless = found === undefined;
    if (found === undefined) return;
    if (found.path !== this.#found.path) this.#isMoved = true;
    this.#found = found;
  }

  /** Begins with a file that is open already. */
  begin(input: OpenInput, place: ReadPlace): void {
    this.#reader = new FileReader(input, place, this.#host.context, this.#host.chunk);
    this.#place = place;
  }

  /** Leaves a file out that is as it is now, unless another one comes to have its inode. */
  skip(place: ReadPlace): void {
    this.isSkipped = true;
    this.#place = place;
    this.#changedNs = this.#found.changedNs;
    this.#readTo = this.#found.size;
  }

  /** Reads on for one turn. */
  async turn(): Promise<TurnEnd> {
    const before = this.#readTo;
    const end = await this.#isUnchanged() ? "end" : await this.#readOn();
    this.#stillLooks = this.#readTo === before ? this.#stillLooks + 1 : 0;
    const waitsNoMore = (this.#isMoved || this.isNameless) && this.#stillLooks === HALF_LINE_LOOKS;
    return end === "end" && waitsNoMore ? await this.finish() : end;
  }

  async #isUnchanged(): Promise<boolean> {
    const { size, changedNs } = this.#found;
    if (!this.isNameless) return size === this.#readTo && changedNs === this.#changedNs;
    return this.#reader === undefined || await this.#reader.input.size() === this.#readTo;
  }

  async #readOn(): Promise<TurnEnd> {
    if (!await this.#isReadable() || this.#reader === undefined) return "end";
    await this.#checkBeginning(this.#reader);
    // What was noted before the reading: a change during it is seen by the next look.
    this.#changedNs = this.#found.changedNs;
    const end = await this.#reader.readOn(TURN_CHUNKS);
    this.#readTo = this.#reader.offset;
    return end;
  }

  /** Opens it if need be. False if it cannot be had now, or is one that is not to be read. */
  async #isReadable(): Promise<boolean> {
    if (this.#reader !== undefined) return true;
    if (this.isNameless) return false;
    await this.#host.makeRoom();
    const input = await openInput(this.#found.path);
    if (input.place !== this.#found.place) return await closed(input);
    const isSame = this.#place !== undefined && await input.matches(this.#place.id);
    if (isSame && this.isSkipped) {
      this.#changedNs = this.#found.changedNs;
      this.#readTo = this.#found.size;
      return await closed(input);
    }
    this.isSkipped = false;
    // Another file has the inode of one that was read or left out before.
    this.begin(input, isSame && this.#place ? this.#place : beginningOf(input));
    return true;
  }

  /** A file that was cut, or written anew in its place, is read from its beginning. */
  async #checkBeginning(reader: FileReader): Promise<void> {
    const { input } = reader;
    if (await input.size() >= reader.offset && await input.matches(reader.place.id)) return;
    this.#host.context.say(
      `"${this.#found.label}" was shortened: reading it from the beginning`,
    );
    if (this.cuts.push(reader.place) > MAX_CUTS) this.cuts.shift();
    await reader.finish();
    const { file } = reader.place;
    const start = { file, id: await input.identify(), offset: 0 };
    this.#reader = new FileReader(input, start, this.#host.context, this.#host.chunk);
  }

  /** Hands over the half line at its end, which will not be whole any more. */
  async finish(): Promise<"end" | "refused"> {
    return await this.#reader?.finish() ?? "end";
  }

  /** Gives the descriptor back; a later turn opens it again. */
  async close(): Promise<void> {
    const reader = this.#reader;
    if (reader === undefined) return;
    if (this.isNameless || this.#isMoved) await reader.finish();
    this.#place = reader.place;
    this.#reader = undefined;
    await reader.input.close();
  }
}

async function closed(input: OpenInput): Promise<false> {
  await input.close();
  return false;
}
