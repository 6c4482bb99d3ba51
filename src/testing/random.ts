/** Random numbers that are the same for the same seed, on every runtime. */
export interface SeededRandom {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** True in this share of the calls, 0 to 1. */
  chance(share: number): boolean;
  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** Fills the bytes. */
  fill(bytes: Uint8Array): void;
  /** Another generator, seeded from this one: what it is asked does not move this one on. */
  fork(): SeededRandom;
}

/**
 * Makes a generator: sfc32, the "small fast counter" of Chris Doty-Humphrey's PractRand, whose author
 * asks for a dozen numbers to be thrown away after seeding.
 *
 * @param seed A whole number; its lowest 32 bits count
 *
 * @example
 * ```ts ignore
 * const random = seededRandom(42);
 * const die = 1 + random.below(6);
 * ```
 */
export function seededRandom(seed: number): SeededRandom {
  const next = sfc32(seed);
  const below = (limit: number): number => Math.floor(next() / 2 ** 32 * limit);
  return {
    below,
    chance: (share) => next() < share * 2 ** 32,
    pick: (list) => list[below(list.length)]!,
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = next();
    },
    fork: () => seededRandom(next()),
  };
}

function sfc32(seed: number): () => number {
  let a = 0x9e3779b9, b = 0x243f6a88, c = seed | 0, counter = 1;
  const next = (): number => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}
