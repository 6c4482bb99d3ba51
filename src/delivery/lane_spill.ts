import type { LineBatch } from "./batch.ts";
import type { LaneReader } from "./lane_reader.ts";
import type { LaneSettings } from "./lane_settings.ts";
import type { LogCursor } from "./log_cursor.ts";

/** What a spill needs of its lane. */
export interface SpillLane {
  readonly settings: LaneSettings;
  readonly cursor: LogCursor;
  readonly ended: boolean;
}

/**
 * Delivers what is left at once, when the process ends: in memory mode there is no later. Never throws,
 * since one sink that fails must not keep the others from their records; what it did not take goes the
 * usual way, in case the process goes on.
 */
export class LaneSpill {
  readonly #lane: SpillLane;
  readonly #reader: LaneReader;
  readonly #spilled = new WeakSet<LineBatch>();

  constructor(lane: SpillLane, reader: LaneReader) {
    this.#lane = lane;
    this.#reader = reader;
  }

  /** Sends everything that is not settled; answers a batch that the sink did not take. */
  run(): LineBatch | undefined {
    const { settings, cursor, ended } = this.#lane;
    if (ended || settings.sink.writeSync === undefined) return undefined;
    for (const { claimed, rest } of cursor.unsettled) {
      // Each record that is written while the process ends brings us here: a batch goes out once.
      if (this.#spilled.has(claimed)) continue;
      if (this.#sendNow(rest.without(this.#reader.leftOut(rest)))) this.#spilled.add(claimed);
    }
    for (;;) {
      const batch = cursor.claim(settings.batch);
      if (batch === undefined || batch instanceof Promise) return undefined;
      const left = this.#reader.leftOut(batch);
      const wanted = batch.without(left);
      cursor.settle(batch.pick([...left]), "filtered");
      if (!this.#sendNow(wanted)) return wanted;
      cursor.settle(wanted, "delivered");
    }
  }

  /** False if the sink did not take the batch. */
  #sendNow(batch: LineBatch): boolean {
    try {
      if (batch.count > 0) this.#lane.settings.sink.writeSync?.(batch);
      return true;
    } catch {
      return false;
    }
  }
}
