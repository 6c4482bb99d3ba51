import type { SeededRandom } from "./random.ts";

/**
 * What a power cut does to bytes that were not synced. `lost`: all are gone, with the names that were not
 * synced. `subset`: each sector and each name survives or not, in any order. `torn`: as `subset`, and what
 * did not survive is zeros, garbage, or bytes of a removed file, in part or as a whole.
 */
export type PowerCutManner = "lost" | "subset" | "torn";

type Fill = "old" | "zeros" | "garbage" | "stale";

const MANNERS: readonly PowerCutManner[] = ["lost", "subset", "torn"];
const FILLS: readonly Fill[] = ["old", "zeros", "garbage", "stale"];

/**
 * One power cut: it decides, by the seed, what became of each thing that was not synced. A cut has a
 * character of its own (nearly all survives, only the end does, ...), since a coin for each sector would
 * hardly ever leave a long run whole.
 */
export class PowerCut {
  readonly #random: SeededRandom;
  readonly #manner: PowerCutManner;
  readonly #fills: readonly Fill[];
  readonly #stale: Uint8Array;

  /** @param stale Bytes of removed files, which a disk may show in place of what was not written */
  constructor(random: SeededRandom, manner: PowerCutManner | undefined, stale: Uint8Array) {
    this.#random = random;
    this.#manner = manner ?? random.pick(MANNERS);
    this.#fills = random.chance(0.5) ? [random.pick(FILLS)] : FILLS;
    this.#stale = stale;
  }

  /** Which of `count` things, oldest first, survive. */
  survivors(count: number): boolean[] {
    const random = this.#random;
    if (this.#manner === "lost") return new Array<boolean>(count).fill(false);
    const border = random.below(count + 1);
    const share = random.pick([0, 0.1, 0.5, 0.9, 1]);
    const kept = random.pick([
      (i: number) => i < border,
      (i: number) => i >= border,
      () => random.chance(share),
    ]);
    return Array.from({ length: count }, (_, i) => kept(i));
  }

  /** The size that a file has afterwards: the synced one, the newest, or one between. */
  sizeOf(synced: number, newest: number): number {
    if (this.#manner === "lost" || synced === newest) return synced;
    const [low, high] = synced < newest ? [synced, newest] : [newest, synced];
    return this.#random.pick([synced, newest, low + this.#random.below(high - low + 1)]);
  }

  /**
   * What stands where bytes did not survive.
   *
   * @param old What the disk held there; gets what it holds now
   * @param wanted What was written
   */
  spoil(old: Uint8Array, wanted: Uint8Array): void {
    if (this.#manner !== "torn") return;
    const written = this.#random.chance(0.3) ? this.#random.below(wanted.length) : 0;
    old.set(wanted.subarray(0, written));
    this.#fill(old.subarray(written));
  }

  #fill(bytes: Uint8Array): void {
    const fill = this.#random.pick(this.#fills);
    if (fill === "zeros") bytes.fill(0);
    if (fill === "garbage") this.#random.fill(bytes);
    if (fill === "stale" && this.#stale.length > bytes.length) {
      const at = this.#random.below(this.#stale.length - bytes.length);
      bytes.set(this.#stale.subarray(at, at + bytes.length));
    }
  }
}
