import type { Cut } from "./copy_watch.ts";
import { freshPlace, MAX_NAMES, nameAfterCut } from "./input_generations.ts";
import type { FoundFile } from "./input_source.ts";
import { type OpenInput, openInput } from "./open_input.ts";
import { anchorLeft } from "./read_anchor.ts";
import { FileReader, type InputContext, type ReadEnd, type ReadPlace } from "./text_input.ts";

/** A file has so many chunks of 256 KiB read before the next one has its turn. */
const TURN_CHUNKS = 16;
/** Looks, of four a second, that a half line of a rotated file waits for its rest. */
const HALF_LINE_LOOKS = 20;
/** Looks that a file without a name is held open, since its writer may not know yet. */
const NAMELESS_LOOKS = 240;

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
  #isSettled = false;
  #isCut = false;
  #look = 0;
  /** Whether it is only known, so that it is not taken for a new one. */
  isSkipped = false;
  /** Whether no path leads to it any more. */
  isNameless = false;
  /** The last times that it was cut. */
  readonly cuts: Cut[] = [];
  /** The look that saw last that it was cut, or may have been; -1 before. */
  cutLook = -1;
  /** Whether it is a copy, which is older than what its original has now. */
  isCopy = false;
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

  /** What it was when it was read last; undefined while it is to be read anew, since it was cut. */
  get id(): string | undefined {
    return this.#isCut ? undefined : this.#reader?.place.id ?? this.#place?.id;
  }

  /** Whether it has no name any more and will not be read on. */
  get isOver(): boolean {
    return this.isNameless && this.#stillLooks >= NAMELESS_LOOKS;
  }

  /** Notes what a look, the `look`th one, has found, or that it found nothing. */
  see(found: FoundFile | undefined, look: number): void {
    this.#look = look;
    // What of it was never read may be gone without a trace.
    const isUnread = this.#readTo === 0 && found?.changedNs !== this.#changedNs;
    if (this.#isCut || isUnread) this.cutLook = look;
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
    if (!this.isNameless) {
      const isSame = size === this.#readTo && changedNs === this.#changedNs;
      // The time of a change is a few milliseconds coarse: one more look sees what came within them. To
      // open a file for it would double the work where there are more than may be open.
      const isOver = isSame && (this.#isSettled || this.#reader === undefined);
      this.#isSettled = isSame;
      return isOver;
    }
    return this.#reader === undefined || await this.#reader.input.size() === this.#readTo;
  }

  async #readOn(): Promise<TurnEnd> {
    if (!await this.#isReadable() || this.#reader === undefined) return "end";
    if (this.#isCut && await this.#startOver(this.#reader) === "refused") return "refused";
    // What was noted before the reading: a change during it is seen by the next look.
    this.#changedNs = this.#found.changedNs;
    const end = await this.#reader.followOn(TURN_CHUNKS);
    this.#readTo = this.#reader.offset;
    return end === "cut" ? await this.#onCut(this.#reader) : end;
  }

  /** Opens it if need be. False if it cannot be had now, or is one that is not to be read. */
  async #isReadable(): Promise<boolean> {
    if (this.#reader !== undefined) return true;
    if (this.isNameless) return false;
    await this.#host.makeRoom();
    const input = await openInput(this.#found.path);
    if (input.place !== this.#found.place) return await closed(input);
    if (this.isSkipped && this.#place !== undefined && await input.matches(this.#place.id)) {
      this.#changedNs = this.#found.changedNs;
      this.#readTo = this.#found.size;
      return await closed(input);
    }
    // Another file has the inode of one that was left out; of one that was read, the reader finds out.
    const known = this.isSkipped ? undefined : this.#place;
    this.begin(input, known ?? freshPlace(input, this.#host.context));
    this.isSkipped = false;
    return true;
  }

  /** What it had is looked for in copies first, by the next look, which comes at once. */
  async #onCut({ input, place }: FileReader): Promise<"more"> {
    const { context, chunk } = this.#host;
    this.#readTo = -1;
    const left = place.anchor && await anchorLeft(input, place.anchor);
    if (left !== undefined) {
      const id = await input.identify();
      const from = { file: place.file, id, offset: left.end, anchor: left };
      this.#reader = new FileReader(input, from, context, chunk);
      return "more";
    }
    context.say(`"${this.#found.label}" was shortened: reading it from the beginning`);
    if (this.cuts.push({ place, isContinued: false }) > MAX_NAMES) this.cuts.shift();
    this.cutLook = this.#look;
    this.#isCut = true;
    return "more";
  }

  /** Reads what was written since it was cut. */
  async #startOver(reader: FileReader): Promise<"end" | "refused"> {
    const isHalfGone = this.cuts.at(-1)?.isContinued === false;
    if (isHalfGone && await reader.finish() === "refused") return "refused";
    const { input } = reader;
    const start = {
      file: nameAfterCut(reader.place.file),
      id: input.idOf(new Uint8Array(0)),
      offset: 0,
    };
    this.#reader = new FileReader(input, start, this.#host.context, this.#host.chunk);
    this.#reader.skipHole();
    this.#isCut = false;
    return "end";
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
