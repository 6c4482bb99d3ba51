/** The interpreter of `cases/dead_letters.json`: lanes, with dead letters whose disk may refuse. */
import assert from "node:assert/strict";
import {
  type DeadLetter,
  type DeadLetterStats,
  type LogProvider,
  type LogStore,
  memoryStore,
  openWal,
  type ReplayOptions,
  type ReplayReport,
} from "../../mod.ts";
import { type LaneCase, LanePlay, type LaneStep } from "./lane_cases.ts";

/** What a case of dead letters may do beside what a lane case does. */
export type DeadLetterStep =
  | LaneStep
  /** The next so many syncs of the dead letters fail. */
  | { readonly diskFails: number }
  /** Replays, with so much time to end. */
  | {
    readonly replay: Pick<ReplayOptions, "filter" | "limit" | "dryRun">;
    readonly withinMs?: number;
    readonly report: Partial<ReplayReport>;
  }
  /** Takes all out; so many there were. */
  | { readonly purge: number }
  /** Some of the figures, and of the entries, oldest first. */
  | {
    readonly kept: {
      readonly figures?: Partial<DeadLetterStats>;
      readonly entries?: readonly Partial<DeadLetter>[];
    };
  };

/** A case of dead letters. */
export interface DeadLetterCase extends Omit<LaneCase, "steps"> {
  readonly steps: readonly DeadLetterStep[];
}

/** A case that is under way. */
export class DeadLetterPlay {
  readonly #lanes: LanePlay;
  #failsLeft = 0;

  constructor(given: DeadLetterCase) {
    this.#lanes = new LanePlay({ ...given, steps: [] });
  }

  /** Opens the pipeline. */
  async open(): Promise<void> {
    await this.#lanes.open({ wal: { store: this.#store() } });
  }

  /** Passes for a disk, with a log of its own for the dead letters. */
  #store(): LogProvider {
    return {
      label: "test disk",
      keeps: "disk",
      openLog: async (name, settings) => {
        const log = await openWal(memoryStore(), settings);
        return name === "records" ? log : this.#refusing(log);
      },
    };
  }

  #refusing(log: LogStore): LogStore {
    return new Proxy(log, {
      get: (target, key) => {
        const value: unknown = target[key as keyof LogStore];
        if (typeof value !== "function") return value;
        if (key !== "sync") return value.bind(target);
        return () => this.#failsLeft-- > 0 ? Promise.reject(new Error("EIO")) : target.sync();
      },
    });
  }

  /** Takes a step, and lets everything come to rest. */
  async take(step: DeadLetterStep): Promise<void> {
    const { deadLetters } = this.#lanes.bench.pipeline;
    if ("diskFails" in step) this.#failsLeft = step.diskFails;
    else if ("replay" in step) {
      const replay = deadLetters.replay(step.replay);
      await this.#lanes.clock.advance(step.withinMs ?? 0);
      contains(await replay, step.report);
    } else if ("purge" in step) assert.equal(await deadLetters.purge(), step.purge);
    else if ("kept" in step) {
      if (step.kept.figures) contains(deadLetters.stats(), step.kept.figures);
      if (step.kept.entries) await this.#compare(step.kept.entries);
    } else await this.#lanes.take(step);
  }

  async #compare(wanted: readonly Partial<DeadLetter>[]): Promise<void> {
    const letters = await Array.fromAsync(this.#lanes.bench.pipeline.deadLetters.list());
    assert.equal(letters.length, wanted.length);
    letters.forEach((letter, index) => contains(letter, wanted[index]!));
  }

  /** Closes. */
  close(): Promise<void> {
    return this.#lanes.close();
  }
}

function contains<T extends object>(actual: T, wanted: Partial<T>): void {
  assert.deepEqual({ ...actual, ...wanted }, { ...actual });
}
