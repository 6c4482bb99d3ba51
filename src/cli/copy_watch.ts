import type { FoundFile } from "./input_source.ts";
import { isIdEmpty, type OpenInput, openInput } from "./open_input.ts";
import { holdsAnchor } from "./read_anchor.ts";
import { beginningOf, type ReadPlace } from "./text_input.ts";

/** Looks, of four a second, that a copy which grows no more waits for its original to be cut. */
const COPY_LOOKS = 20;
/** Looks that may pass a copy by: the next one finds it, or the one after, if it was renamed meanwhile. */
const LATE_LOOKS = 2;

/** What a file that was not there before is: `wait` until that can be told. */
export type Verdict = "new" | "wait" | "copy";

/** A time that a file was cut to a shorter length. */
export interface Cut {
  /** Up to where it was read before. */
  readonly place: ReadPlace;
  /** Whether a copy was found that has what came after it. */
  isContinued: boolean;
}

interface Doubt {
  readonly originalPlace: string;
  readonly size: number;
  readonly stillLooks: number;
  /** The look that found it first. */
  readonly firstLook: number;
}

/**
 * Tells copies from rotated files. Rotation by `copytruncate` copies `app.log` to `app.log.1` and then
 * cuts `app.log`: the copy is a new file that must not be read again as a whole.
 */
export class CopyWatch {
  readonly #doubts = new Map<string, Doubt>();

  /**
   * Judges a new file in the `look`th look. One that has a rotated name, while the file that it would
   * have been rotated from is where it was, may be a copy; once that one was moved it is none.
   *
   * @param before Device and inode at the path of the original, as of the look before
   * @param now The same, as of this look
   */
  judge(
    found: FoundFile,
    before: string | undefined,
    now: string | undefined,
    look: number,
  ): Verdict {
    const doubt = this.#doubts.get(found.place);
    const originalPlace = doubt?.originalPlace ?? before;
    const isRotated = found.path !== found.family;
    if (!isRotated || originalPlace === undefined || now !== originalPlace) return "new";
    const stillLooks = doubt?.size === found.size ? doubt.stillLooks + 1 : 0;
    const firstLook = doubt?.firstLook ?? look;
    this.#doubts.set(found.place, { originalPlace, size: found.size, stillLooks, firstLook });
    return stillLooks < COPY_LOOKS ? "wait" : "copy";
  }

  /** Whether a file in doubt came with a cut that the `cutLook`th look has seen, or after it. */
  cameWith(place: string, cutLook: number): boolean {
    const doubt = this.#doubts.get(place);
    return doubt !== undefined && cutLook >= doubt.firstLook - LATE_LOOKS;
  }

  /** Forgets what is not there any more, or is known by now. */
  keepOnly(isNeeded: (place: string) => boolean): void {
    for (const place of this.#doubts.keys()) {
      if (!isNeeded(place)) this.#doubts.delete(place);
    }
  }
}

/**
 * Where a copy is to be read from, when its original was read up to one of the places and then cut;
 * undefined if it is no copy of it. The end, if nothing in it is new.
 */
export async function placeInCopy(
  input: OpenInput,
  cuts: readonly Cut[],
): Promise<ReadPlace | undefined> {
  const size = cuts.length === 0 ? 0 : await input.size();
  for (const cut of cuts) {
    const { id, offset, anchor } = cut.place;
    // A beginning of nothing is that of every file.
    if (isIdEmpty(id) || !await input.startsLike(id)) continue;
    const isLonger = size >= offset;
    if (isLonger && anchor !== undefined && !await holdsAnchor(input, anchor)) continue;
    if (!isLonger || cut.isContinued) return { ...beginningOf(input), offset: size };
    cut.isContinued = true;
    return { ...beginningOf(input), offset, ...(anchor && { anchor }) };
  }
  return undefined;
}

/**
 * Whether a copy holds what was written, copied and cut without our seeing any of it: neither what the
 * original has now, nor what it had when we looked before.
 *
 * @param id What the original was when it was read last; undefined if it is known to be cut since
 */
export async function isUnseen(
  copy: OpenInput,
  path: string,
  id: string | undefined,
): Promise<boolean> {
  const original = await openInput(path);
  try {
    // Looked at before and after: it may be cut, and so become unlike its copy, at any time.
    const before = await original.beginning();
    const [start, size] = [await copy.beginning(), await copy.size()];
    const after = await original.beginning();
    if (size === 0 || !isHead(before, after)) return false;
    if (id !== undefined && !await original.matches(id)) return false;
    // Half a copy is shorter than what it is a copy of.
    return size > await original.size() || !isHead(start, after);
  } finally {
    await original.close();
  }
}

function isHead(bytes: Uint8Array, all: Uint8Array): boolean {
  return bytes.every((byte, at) => byte === all[at]);
}
