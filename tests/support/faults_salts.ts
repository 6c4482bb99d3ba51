import { type SeededRandom, seededRandom } from "../../src/testing/random.ts";

/** What the salts of segments are drawn from while a case runs, so that a seed replays to the last bit. */
let random: SeededRandom | undefined;

/** From here on salts follow from this seed. Does nothing outside of {@linkcode withSeededSalts}. */
export function seedSalts(seed: number): void {
  if (random !== undefined) random = seededRandom(seed);
}

/** Runs `work` while the runtime's random numbers follow from the seed. */
export async function withSeededSalts<T>(seed: number, work: () => Promise<T>): Promise<T> {
  random = seededRandom(seed);
  Object.defineProperty(crypto, "getRandomValues", {
    configurable: true,
    value: <B extends ArrayBufferView<ArrayBuffer>>(into: B): B => {
      random!.fill(new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
      return into;
    },
  });
  try {
    return await work();
  } finally {
    // The runtime's own one is on the prototype.
    Reflect.deleteProperty(crypto, "getRandomValues");
    random = undefined;
  }
}
