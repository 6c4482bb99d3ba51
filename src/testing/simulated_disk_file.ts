import type { SeededRandom } from "./random.ts";
import { GrowingBytes } from "./simulated_disk_bytes.ts";
import type { PowerCut } from "./simulated_disk_power.ts";
import { type SectorSpan, SectorSpans } from "./simulated_disk_spans.ts";

/** A sync that has begun: what it will have made durable when it ends. */
export interface SyncInFlight {
  /** The bytes that it writes to the disk. */
  readonly spans: readonly SectorSpan[];
  /** The size that it makes durable. */
  readonly size: number;
}

/** How a sync ends: well; with an error; or well as it says, with nothing of it on the disk. */
export type SyncEnd = "synced" | "failed" | "lied";

/** The bytes of a file, twice: as processes see them (the page cache), and as the disk holds them. */
export class SimulatedFile {
  readonly #cache = new GrowingBytes();
  readonly #disk = new GrowingBytes();
  /** Written, and not synced. */
  readonly #dirty: SectorSpans;
  /** Of a sync that failed or lied: the kernel believes them to be on the disk, where they are not. */
  readonly #missing: SectorSpans;
  #flight: SyncInFlight | undefined;
  /** The last sync; the next one waits for it, as for pages that are being written. */
  syncing: Promise<void> = Promise.resolve();

  constructor(sectorBytes: number) {
    this.#dirty = new SectorSpans(sectorBytes);
    this.#missing = new SectorSpans(sectorBytes);
  }

  /** Bytes as processes see them, reserved ones included. */
  get size(): number {
    return this.#cache.size;
  }

  /** A copy of what processes see. */
  seen(): Uint8Array {
    return this.#cache.view().slice();
  }

  /** A copy of what the disk surely holds. */
  durable(): Uint8Array {
    return this.#disk.view().slice();
  }

  /** Writes into the page cache. */
  write(bytes: Uint8Array, offset: number): void {
    const from = Math.min(offset, this.#cache.size);
    const to = offset + bytes.length;
    this.#cache.write(bytes, offset);
    // The page goes to the disk as a whole, and takes with it what an earlier sync left out.
    for (const span of this.#missing.takeSectorsOf(from, to)) this.#dirty.add(span.from, span.to);
    this.#dirty.add(from, to);
  }

  /** Reads from the page cache. */
  read(into: Uint8Array, offset: number): number {
    const found = this.#cache.view(offset, offset + into.length);
    into.set(found);
    return found.length;
  }

  /** Cuts the page cache. */
  truncate(size: number): void {
    this.#cache.resize(size);
    this.#dirty.cut(size);
    this.#missing.cut(size);
  }

  /** Flips a bit where it lies, on the disk and in the page cache. */
  flip(offset: number, bit: number): void {
    for (const bytes of [this.#cache, this.#disk]) {
      const at = bytes.view(offset, offset + 1);
      at[0] = at[0]! ^ (1 << bit);
    }
  }

  /** Everything seen is on the disk from now on. */
  settle(): void {
    this.#flight = undefined;
    this.#dirty.takeAll();
    this.#missing.takeAll();
    this.#disk.resize(0);
    this.#disk.write(this.#cache.view(), 0);
  }

  /** Pages that count as clean are read from the disk again. */
  evict(): void {
    for (const { from, to } of this.#missing.takeAll()) {
      const seen = this.#cache.view(from, to);
      seen.fill(0);
      seen.set(this.#disk.view(from, to));
    }
  }

  /** What was written up to now goes to the disk. */
  beginSync(): void {
    this.#flight = { spans: this.#dirty.takeAll(), size: this.#cache.size };
  }

  /** Whether a sync has begun and not ended. */
  get isSyncing(): boolean {
    return this.#flight !== undefined;
  }

  /** Ends the sync that began last. */
  endSync(end: SyncEnd, random: SeededRandom): void {
    const flight = this.#flight!;
    this.#flight = undefined;
    const size = Math.min(flight.size, this.#cache.size);
    if (end === "synced" || random.chance(0.5)) this.#disk.resize(size);
    for (const { from, to } of flight.spans) {
      const span = { from, to: Math.min(to, size) };
      if (span.from >= span.to) continue;
      // Of a sync that failed, some pages may have been written.
      const arrives = end === "synced" || (end === "failed" && random.chance(0.5));
      if (arrives && span.to <= this.#disk.size) {
        this.#disk.write(this.#cache.view(span.from, span.to), span.from);
      } else {
        this.#missing.add(span.from, span.to);
      }
    }
  }

  /** Who waited for the sync is gone; what it was to write stays unsynced. */
  abandonSync(): void {
    for (const { from, to } of this.#flight?.spans ?? []) this.#dirty.add(from, to);
    this.#dirty.cut(this.#cache.size);
    this.#flight = undefined;
    this.syncing = Promise.resolve();
  }

  /** The power goes: what is on the disk is all there is. */
  cutPower(cut: PowerCut): void {
    const size = cut.sizeOf(this.#disk.size, this.#cache.size);
    const dirty = this.#dirty.takeAll();
    const kept = cut.survivors(dirty.length);
    const wanted = this.#cache.view().slice();
    this.#disk.resize(size);
    dirty.forEach((span, i) => {
      if (kept[i]) this.#disk.view(span.from, span.to).set(clip(wanted, span, size));
      else cut.spoil(this.#disk.view(span.from, span.to), clip(wanted, span, size));
    });
    for (const span of this.#missing.takeAll()) {
      cut.spoil(this.#disk.view(span.from, span.to), clip(wanted, span, size));
    }
    this.#cache.resize(0);
    this.#cache.write(this.#disk.view(), 0);
  }
}

/** What of a span lies within a file of `size` bytes. */
function clip(bytes: Uint8Array, span: SectorSpan, size: number): Uint8Array {
  return bytes.subarray(Math.min(span.from, size), Math.min(span.to, size));
}
