/**
 * Chooses one in `every` calls: exactly one in each run of that many, at a place left to chance, so that
 * a source with a rhythm of its own is not sampled at always the same beat.
 */
export function createSampler(every: number, random: () => number): () => boolean {
  let at = every;
  let chosen = 0;
  return () => {
    if (at >= every) {
      at = 0;
      chosen = Math.floor(random() * every);
    }
    return at++ === chosen;
  };
}
