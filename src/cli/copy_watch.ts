import type { FoundFile } from "./input_source.ts";
import type { OpenInput } from "./open_input.ts";
import { beginningOf, type ReadPlace } from "./text_input.ts";

/** Looks, of four a second, that a copy which grows no more waits for its original to be cut. */
const COPY_LOOKS = 20;

/** What a file that was not there before is: `wait` until that can be told. */
export type Verdict = "new" | "wait" | "copy";

interface Doubt {
  readonly originalPlace: string;
  readonly size: number;
  readonly stillLooks: number;
}

/**
 * Tells copies from rotated files. Rotation by `copytruncate` copies `app.log` to `app.log.1` and then
 * cuts `app.log`: the copy is a new file that must not be read again as a whole.
 */
export class CopyWatch {
  readonly #doubts = new Map<string, Doubt>();

  /**
   * Judges a new file. One that has a rotated name, while the file that it would have been rotated from
   * is where it was, may be a copy; once that one was moved it is none.
   *
   * @param before Device and inode at the path of the original, as of the look before
   * @param now The same, as of this look
   */
  judge(found: FoundFile, before: string | undefined, now: string | undefined): Verdict {
    const doubt = this.#doubts.get(found.place);
    const originalPlace = doubt?.originalPlace ?? before;
    const isRotated = found.path !== found.family;
    if (!isRotated || originalPlace === undefined || now !== originalPlace) return "new";
    const stillLooks = doubt?.size === found.size ? doubt.stillLooks + 1 : 0;
    this.#doubts.set(found.place, { originalPlace, size: found.size, stillLooks });
    return stillLooks < COPY_LOOKS ? "wait" : "copy";
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
 * undefined if it is no copy of it.
 */
export async function placeInCopy(
  input: OpenInput,
  cuts: readonly ReadPlace[],
): Promise<ReadPlace | undefined> {
  const size = cuts.length === 0 ? 0 : await input.size();
  for (const { id, offset } of cuts) {
    if (size >= offset && await input.startsLike(id)) return { ...beginningOf(input), offset };
  }
  return undefined;
}
