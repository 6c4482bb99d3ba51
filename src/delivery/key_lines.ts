import type { LogRecord } from "../record/record.ts";
import type { Batch } from "../sink/sink.ts";
import { LineBatch } from "./batch.ts";
import type { ClaimLimits } from "./batch_fill.ts";

/** A record that waits for its key. */
interface Waiting {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/**
 * Records that wait, by their key. A batch takes all that wait of some keys which no other batch in flight
 * holds, so that records of a key follow each other, while other keys go on.
 */
export class KeyLines {
  readonly #key: (record: LogRecord) => string;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #busy = new Set<string>();
  /** Keys that wait and are not held, the longest wait first. */
  readonly #ready = new Set<string>();
  readonly #held = new Map<LineBatch, readonly string[]>();
  /** Bytes of the records that wait. */
  waitingBytes = 0;

  constructor(key: (record: LogRecord) => string) {
    this.#key = key;
  }

  /** Whether there is something to take. */
  get isReady(): boolean {
    return this.#ready.size > 0;
  }

  /** The keys of a batch's records. */
  keysOf(batch: Batch): readonly string[] {
    return batch.records().map((record) => {
      try {
        return String(this.#key(record));
      } catch {
        return "";
      }
    });
  }

  /** Lines records up. */
  add(batch: LineBatch): void {
    const keys = this.keysOf(batch);
    batch.parts().forEach((bytes, index) => {
      const key = keys[index]!;
      const line = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, line);
      line.push({ seq: batch.seqAt(index), bytes });
      this.waitingBytes += bytes.length;
      if (!this.#busy.has(key)) this.#ready.add(key);
    });
  }

  /** A batch of keys that are free, which it holds until `release`; undefined if there are none. */
  take({ maxRecords, maxBytes }: ClaimLimits): LineBatch | undefined {
    const taken: Waiting[] = [];
    const keys: string[] = [];
    let bytes = 0;
    for (const key of this.#ready) {
      const line = this.#waiting.get(key)!;
      const before = taken.length;
      while (line.length > taken.length - before) {
        const next = line[taken.length - before]!;
        const fits = taken.length < maxRecords && bytes + next.bytes.length <= maxBytes;
        if (!fits && taken.length > 0) break;
        taken.push(next);
        bytes += next.bytes.length;
      }
      if (taken.length === before) break;
      line.splice(0, taken.length - before);
      keys.push(key);
    }
    if (taken.length === 0) return undefined;
    this.waitingBytes -= bytes;
    for (const key of keys) this.#hold(key);
    const batch = LineBatch.of(taken.sort((a, b) => a.seq - b.seq));
    this.#held.set(batch, keys);
    return batch;
  }

  #hold(key: string): void {
    this.#ready.delete(key);
    this.#busy.add(key);
    if (this.#waiting.get(key)!.length === 0) this.#waiting.delete(key);
  }

  /** A batch is over: what waits of its keys may go. */
  release(batch: LineBatch): void {
    for (const key of this.#held.get(batch) ?? []) {
      this.#busy.delete(key);
      if (this.#waiting.has(key)) this.#ready.add(key);
    }
    this.#held.delete(batch);
  }
}
