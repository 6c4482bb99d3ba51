import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { FileStore, LogNotice } from "../storage/store.ts";
import type { Segment } from "./segment.ts";

/** How much of a log is kept. */
export interface RetentionLimits {
  /** Bytes of settled segments to keep, or "all". */
  readonly retain: number | "all";
  /** Settled segments older than this go all the same. */
  readonly retainAgeMs: number;
  /** The log is full at this size. */
  readonly maxBytes: number;
  /** The log is full beyond this many segments. */
  readonly maxSegments: number;
}

/** Which segments a log consists of, how large they are, and which of them may go. */
export class Retention {
  /** Oldest first; the last one is being written. */
  readonly segments: Segment[];
  readonly #store: FileStore;
  readonly #limits: RetentionLimits;
  readonly #clock: Clock;
  readonly #tell: (notice: LogNotice) => void;
  /** Bytes in all segments but the last. */
  #sealedBytes: number;
  /** Segments that are no longer part of the log and still have their file, oldest first. */
  readonly #doomed: string[] = [];
  #removing: Promise<void> = Promise.resolve();
  /** Whether the last removal may be undone by a power cut. */
  #unsettled = false;
  #refusing = false;

  /** @param sealed The segments of earlier openings, oldest first */
  constructor(
    store: FileStore,
    sealed: readonly Segment[],
    limits: RetentionLimits,
    clock: Clock,
    tell: (notice: LogNotice) => void,
  ) {
    this.#store = store;
    this.segments = [...sealed];
    this.#limits = limits;
    this.#clock = clock;
    this.#tell = tell;
    this.#sealedBytes = sealed.slice(0, -1).reduce((sum, segment) => sum + segment.end, 0);
  }

  /** Bytes in all segments. */
  get bytes(): number {
    return this.#sealedBytes + (this.segments.at(-1)?.end ?? 0);
  }

  /** The size at which the log is full. */
  get maxBytes(): number {
    return this.#limits.maxBytes;
  }

  /** Whether the log, with so many bytes more, is at its limit. */
  isFull(stagedBytes: number): boolean {
    const { maxBytes, maxSegments } = this.#limits;
    return this.bytes + stagedBytes >= maxBytes || this.segments.length > maxSegments;
  }

  /** A new segment takes the place of the last one. */
  add(segment: Segment): void {
    this.#sealedBytes = this.bytes;
    this.segments.push(segment);
  }

  /** A segment takes the place of what follows the end that it names, as in {@linkcode linkSegments}. */
  supersede(by: Segment): void {
    while (this.segments.length > 0 && this.segments.at(-1)!.header.first >= by.header.first) {
      this.#doomed.push(this.segments.pop()!.name);
    }
    const before = this.segments.at(-1);
    const { prev } = by.header;
    if (before !== undefined && before.header.salt === prev?.salt) before.end = prev.end;
    this.#sealedBytes = this.segments.reduce((sum, { end }) => sum + end, 0);
    this.segments.push(by);
  }

  /**
   * One segment takes the place of a run of others; false if they are not there any more, or do not reach
   * to `endSeq` since the newest records were cut off.
   */
  replace(run: readonly Segment[], by: Segment, endSeq: number): boolean {
    const at = this.segments.indexOf(run[0]!);
    if (at < 0 || this.segments[at + run.length - 1] !== run.at(-1)) return false;
    if (this.segments[at + run.length]?.header.first !== endSeq) return false;
    this.segments.splice(at, run.length, by);
    this.#sealedBytes = this.segments.slice(0, -1).reduce((sum, { end }) => sum + end, 0);
    this.#doomed.push(...run.map(({ name }) => name));
    return true;
  }

  /** Files that are no part of the log are removed with those that cease to be. */
  discard(names: readonly string[]): void {
    this.#doomed.push(...names);
  }

  /** Whether the oldest segment may go: it is settled, and beyond what is kept or in the way. */
  canRemove(seq: number, full: boolean): boolean {
    const [oldest, next] = this.segments;
    if (oldest === undefined || next === undefined || next.header.first > seq) return false;
    if (full) return true;
    const { retain, retainAgeMs } = this.#limits;
    if (retain === "all") return false;
    const ageMs = this.#clock.now() - Date.parse(next.header.created);
    return this.bytes - oldest.end >= retain || ageMs > retainAgeMs;
  }

  /** Takes the oldest segment out of the log, at once; `removeFiles` removes its file. */
  takeOldest(): void {
    const segment = this.segments.shift()!;
    this.#sealedBytes -= segment.end;
    this.#doomed.push(segment.name);
  }

  /** Resolves when no removal is under way. */
  get settled(): Promise<void> {
    return this.#removing;
  }

  /** Whether there is a file to remove. */
  get hasDoomed(): boolean {
    return this.#doomed.length > 0;
  }

  /** Removes the files of segments that were taken out. */
  removeFiles(): Promise<void> {
    return this.#removing = this.#removing.then(() => this.#removeFiles());
  }

  /** Oldest first, and never one before an older one is gone: that would look like a loss. */
  async #removeFiles(): Promise<void> {
    while (this.#doomed.length > 0) {
      try {
        // A power cut undoes unsynced removals in any order: one that is undone alone looks like a loss.
        if (this.#unsettled) await this.#store.syncFolder();
        await this.#store.remove(this.#doomed[0]!);
        this.#unsettled = true;
      } catch (error) {
        if (!this.#refusing) this.#tellRefused(this.#doomed[0]!, error);
        this.#refusing = true;
        return;
      }
      this.#refusing = false;
      this.#doomed.shift();
    }
  }

  #tellRefused(name: string, error: unknown): void {
    this.#tell({
      kind: "write-failed",
      message: `Cannot remove segment "${name}" from "${this.#store.label}": ` +
        `${messageOf(error)}; it is removed later`,
    });
  }
}
