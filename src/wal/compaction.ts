import type { FileStore } from "../storage/store.ts";
import { joinableRuns, joinSegments } from "./joined_segment.ts";
import type { Retention } from "./retention.ts";
import type { Segment } from "./segment.ts";
import type { SegmentWriter } from "./writer.ts";

/** What compacting needs of the log. */
export interface CompactionHost {
  readonly store: FileStore;
  readonly retention: Retention;
  readonly writer: SegmentWriter;
  /** Resolves when no segment takes the place of others; rejects if the store is not ours. */
  ready(): Promise<void>;
  /** Resolves when all that is written is durable and `work`, which nothing else meddles with, is done. */
  exclusively(work: () => Promise<void>): Promise<void>;
  /** Removes the files of segments that are no part of the log any more. */
  removeFiles(): Promise<void>;
  /** Whether the log is being closed: no further run is begun. */
  isClosing(): boolean;
}

/** Joins what many short runs of a program have left, beside the writing; never twice at a time. */
export class Compaction {
  readonly #host: CompactionHost;
  readonly #segmentBytes: number;
  #running: Promise<void> | undefined;

  /** @param segmentBytes The size of the largest segment that is made */
  constructor(host: CompactionHost, segmentBytes: number) {
    this.#host = host;
    this.#segmentBytes = segmentBytes;
  }

  /** Resolves when no segments are being joined, whatever came of it. */
  get settled(): Promise<void> {
    return Promise.resolve(this.#running).catch(() => {});
  }

  /**
   * Joins every run of finished segments that fits into one. Who calls while it is done waits for it.
   *
   * @param firstSeq Records below this one were given up
   */
  run(firstSeq: number): Promise<void> {
    return this.#running ??= this.#run(firstSeq).finally(() => this.#running = undefined);
  }

  async #run(firstSeq: number): Promise<void> {
    await this.#host.ready();
    const { store, retention: { segments }, isClosing } = this.#host;
    for (const run of joinableRuns(this.#finished(), this.#segmentBytes)) {
      if (isClosing()) return;
      const endSeq = segments[segments.indexOf(run.at(-1)!) + 1]?.header.first;
      if (endSeq === undefined) continue;
      const joined = await joinSegments(store, run, firstSeq, endSeq);
      if (joined !== undefined) await this.#replace(run, joined, endSeq);
    }
  }

  /** Finished and durable ones: the others may be written anew elsewhere, and are left alone. */
  #finished(): readonly Segment[] {
    const { writer, retention: { segments } } = this.#host;
    if (!writer.ready) return [];
    return segments.slice(0, Math.max(0, segments.indexOf(writer.durable.segment)));
  }

  async #replace(run: readonly Segment[], by: Segment, endSeq: number): Promise<void> {
    const { retention } = this.#host;
    // Who goes on behind one of the run knows it, and its end, by what it was.
    await this.#host.exclusively(() => {
      if (!retention.replace(run, by, endSeq)) retention.discard([by.name]);
      return Promise.resolve();
    });
    await this.#host.removeFiles();
  }
}
