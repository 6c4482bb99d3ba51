const WINDOW_MS = 3_000;

/** Counts events a second over the last three seconds. */
export class Rate {
  #points: { at: number; n: number }[] = [];

  add(n: number, now: number): void {
    const last = this.#points.at(-1);
    if (last !== undefined && now - last.at < 100) last.n += n;
    else this.#points.push({ at: now, n });
  }

  perSecond(now: number): number {
    this.#points = this.#points.filter(({ at }) => now - at < WINDOW_MS);
    return this.#points.reduce((sum, { n }) => sum + n, 0) / (WINDOW_MS / 1000);
  }
}
