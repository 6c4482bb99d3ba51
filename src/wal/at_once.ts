import type { InputMark } from "../storage/store.ts";
import type { SafeSync } from "./safe_sync.ts";
import type { StagedFrame } from "./staging.ts";
import type { SegmentWriter } from "./writer.ts";

/** What taking lines at once needs of the log. */
export interface AtOnceHost {
  readonly writer: SegmentWriter;
  readonly sync: SafeSync;
  /** Stages a line behind nothing else, and returns its number. */
  stage(line: string, mark: InputMark | undefined): number;
  /** What is staged, to be written. */
  take(): readonly StagedFrame[];
  /** Whether the store is still ours; if not, the log has stopped. */
  isOurs(): boolean;
  /** A frame is acknowledged: readers may see it. */
  confirmed(frame: StagedFrame): void;
  /** Records below this one are synced. */
  synced(seq: number): void;
  /** The line with this number was taken back: the next one gets the number. */
  takenBack(seq: number): void;
  /** The disk refused to write. */
  refused(error: unknown): void;
  /** A sync failed: it is made good soon, or the log stops. */
  repair(): void;
  /** The disk cannot be trusted any more: the log stops. */
  stop(error: unknown): void;
}

/**
 * Takes a line, writes it and makes it durable before the call returns. Readers see it only then, so that
 * a line that the disk did not take can be taken back as if it had never come.
 */
export class AtOnce {
  readonly #host: AtOnceHost;
  readonly #syncs: boolean;
  #written: StagedFrame[] | undefined;

  /** @param syncs Whether a line is acknowledged when it is synced, else when it is written */
  constructor(host: AtOnceHost, syncs: boolean) {
    this.#host = host;
    this.#syncs = syncs;
  }

  /** A frame is written; true if it is one of ours, which does not count yet. */
  keepsBack(frame: StagedFrame): boolean {
    this.#written?.push(frame);
    return this.#written !== undefined;
  }

  /** Takes a line while nothing else is staged; false if the disk did not take it. */
  append(line: string, mark: InputMark | undefined): boolean {
    const host = this.#host;
    const seq = host.stage(line, mark);
    const frames: StagedFrame[] = this.#written = [];
    const isDone = this.#write() && this.#sync(seq) && host.isOurs();
    this.#written = undefined;
    if (!isDone) {
      host.takenBack(seq);
      return false;
    }
    for (const frame of frames) host.confirmed(frame);
    if (this.#syncs) host.synced(seq + 1);
    return true;
  }

  #write(): boolean {
    const { writer } = this.#host;
    let refusal: { readonly error: unknown } | undefined;
    try {
      if (writer.writeSync(this.#host.take())) return true;
    } catch (error) {
      refusal = { error };
    }
    try {
      writer.takeBack();
      if (refusal !== undefined) this.#host.refused(refusal.error);
    } catch (error) {
      // A part of the line would stand between those before and after it.
      this.#host.stop(error);
    }
    return false;
  }

  #sync(seq: number): boolean {
    if (!this.#syncs) return true;
    const { writer, sync } = this.#host;
    try {
      writer.syncSync();
      return true;
    } catch (error) {
      // What is written anew must not bring it back.
      writer.forget(seq);
      sync.failed(error);
      this.#host.repair();
      return false;
    }
  }
}
