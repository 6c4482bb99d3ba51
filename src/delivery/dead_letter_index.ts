/** Where an entry stands in the log, and what decides when its turn to go comes. */
export interface LetterPlace {
  /** The entry's id. */
  readonly id: string;
  /** The record's sequence number, which decides between entries of the same time. */
  readonly seq: number;
  /** When it failed first, milliseconds since 1970. */
  readonly firstFailedMs: number;
  /** The number of its line in the log under the dead letters. */
  readonly position: number;
  /** Bytes of its line. */
  readonly bytes: number;
}

/** What the order of entries depends on. */
export type LetterAge = Pick<LetterPlace, "id" | "seq" | "firstFailedMs">;

/** Which of two entries is older: negative for the first. */
export function compareAge(a: LetterAge, b: LetterAge): number {
  return a.firstFailedMs - b.firstFailedMs || a.seq - b.seq ||
    (a.id === b.id ? 0 : a.id < b.id ? -1 : 1);
}

/** Which entries are held, and where: by age, and by their place in the log. */
export class LetterIndex {
  /** By id; oldest first, unless `#isSorted` says otherwise. */
  #places = new Map<string, LetterPlace>();
  #isSorted = true;
  #youngest: LetterPlace | undefined;
  /** By position, which ascends by itself: what is put is put at the end of the log. */
  readonly #idAt = new Map<number, string>();
  #bytes = 0;

  /** Entries held. */
  get size(): number {
    return this.#places.size;
  }

  /** Bytes of their lines. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Every line of the log below this one is of no use any more; undefined if all are. */
  get lowestPosition(): number | undefined {
    return this.#idAt.keys().next().value;
  }

  /** Where an entry stands. */
  get(id: string): LetterPlace | undefined {
    return this.#places.get(id);
  }

  /** The entry stands there now. */
  put(place: LetterPlace): void {
    const before = this.#places.get(place.id);
    if (before === undefined) {
      if (this.#youngest === undefined || compareAge(this.#youngest, place) <= 0) {
        this.#youngest = place;
      } else this.#isSorted = false;
    } else {
      this.#idAt.delete(before.position);
      this.#bytes -= before.bytes;
      if (compareAge(before, place) !== 0) this.#isSorted = false;
    }
    this.#places.set(place.id, place);
    this.#idAt.set(place.position, place.id);
    this.#bytes += place.bytes;
  }

  /** The entry is gone; false if it was not held. */
  remove(id: string): boolean {
    const place = this.#places.get(id);
    if (place === undefined) return false;
    this.#places.delete(id);
    this.#idAt.delete(place.position);
    this.#bytes -= place.bytes;
    return true;
  }

  /** The places, oldest entry first. Read it to its end, or copy it, before anything changes. */
  oldestFirst(): IterableIterator<LetterPlace> {
    if (!this.#isSorted) this.#sort();
    return this.#places.values();
  }

  #sort(): void {
    const sorted = [...this.#places.values()].sort(compareAge);
    this.#places = new Map(sorted.map((place) => [place.id, place]));
    this.#youngest = sorted.at(-1);
    this.#isSorted = true;
  }

  /** The entries whose lines stand below `position`, in the order of the log. */
  below(position: number): LetterPlace[] {
    const found: LetterPlace[] = [];
    for (const [at, id] of this.#idAt) {
      if (at >= position) break;
      found.push(this.#places.get(id)!);
    }
    return found;
  }
}
