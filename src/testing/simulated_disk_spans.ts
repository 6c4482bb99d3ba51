/** Bytes within one sector: from, and up to but not including. */
export interface SectorSpan {
  /** First byte, counted from the start of the file. */
  readonly from: number;
  /** First byte after it. */
  readonly to: number;
}

/**
 * Which bytes of a file stand in the page cache only, sector by sector, since a disk writes sectors. Only
 * the bytes that were written are at risk: disks are assumed to keep the other bytes of a sector that
 * they write while the power goes ("power-safe overwrite", as SQLite calls it).
 */
export class SectorSpans {
  readonly #sectorBytes: number;
  readonly #spans = new Map<number, SectorSpan>();

  constructor(sectorBytes: number) {
    this.#sectorBytes = sectorBytes;
  }

  /** The spans in order of their place in the file. */
  inOrder(): SectorSpan[] {
    return [...this.#spans.values()].sort((a, b) => a.from - b.from);
  }

  /** Adds the bytes from `from` up to `to`. */
  add(from: number, to: number): void {
    for (let at = from; at < to;) {
      const sector = Math.floor(at / this.#sectorBytes);
      const end = Math.min(to, (sector + 1) * this.#sectorBytes);
      const known = this.#spans.get(sector);
      this.#spans.set(sector, {
        from: Math.min(at, known?.from ?? at),
        to: Math.max(end, known?.to ?? end),
      });
      at = end;
    }
  }

  /** Takes out and gives what lies in the sectors of these bytes: a sector is written as a whole. */
  takeSectorsOf(from: number, to: number): SectorSpan[] {
    if (this.#spans.size === 0) return [];
    const taken: SectorSpan[] = [];
    const last = Math.floor((to - 1) / this.#sectorBytes);
    for (let sector = Math.floor(from / this.#sectorBytes); sector <= last; sector++) {
      const span = this.#spans.get(sector);
      if (span !== undefined) taken.push(span);
      this.#spans.delete(sector);
    }
    return taken;
  }

  /** Forgets what lies at or behind `size`. */
  cut(size: number): void {
    for (const [sector, { from, to }] of this.#spans) {
      if (from >= size) this.#spans.delete(sector);
      else if (to > size) this.#spans.set(sector, { from, to: size });
    }
  }

  /** Takes everything out. */
  takeAll(): SectorSpan[] {
    const all = this.inOrder();
    this.#spans.clear();
    return all;
  }
}
