import type { StagedFrame } from "./staging.ts";

/** More than this is not held: a sync that fails then cannot be made good. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/**
 * Frames that are written and not synced. Should the sync fail, these bytes in memory are the only good
 * copy: the kernel may have dropped its own and call the next sync a success.
 */
export class HeldFrames {
  #frames: StagedFrame[] = [];
  #bytes = 0;
  /** Frames that were released or let go, ever. */
  #gone = 0;
  /** The last frame that was let go for want of room, as counted by `#gone`. */
  #lostTo = 0;

  /** The frames, oldest first; undefined if there were too many to hold all. */
  get frames(): readonly StagedFrame[] | undefined {
    return this.#lostTo > 0 ? undefined : this.#frames;
  }

  /** Holds a frame. */
  push(frame: StagedFrame): void {
    this.#frames.push(frame);
    this.#bytes += frame.end - frame.start;
    while (this.#bytes > MAX_HELD_BYTES) {
      this.#drop(1);
      this.#lostTo = this.#gone;
    }
  }

  /** A mark behind the newest frame, for `release`. */
  mark(): number {
    return this.#gone + this.#frames.length;
  }

  /** Frames before the mark are durable. */
  release(mark: number): void {
    this.#drop(mark - this.#gone);
    if (mark >= this.#lostTo) this.#lostTo = 0;
  }

  /** Forgets those from the record `seq` on, which were taken back; no sync has them in hand. */
  forgetFrom(seq: number): void {
    for (let last = this.#frames.at(-1); last !== undefined; last = this.#frames.at(-1)) {
      if (last.chunk.firstSeq < seq) return;
      this.#bytes -= last.end - last.start;
      this.#frames.pop();
    }
  }

  /** Forgets all. */
  clear(): void {
    this.#drop(this.#frames.length);
    this.#lostTo = 0;
  }

  #drop(count: number): void {
    if (count <= 0) return;
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= frame.end - frame.start;
    this.#gone += count;
  }
}
