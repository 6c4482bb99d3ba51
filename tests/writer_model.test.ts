/**
 * A writer beside a model that knows each record by its number: whatever is done with it, every record is
 * in exactly one state, at every moment.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createWriter, type LogRecord, type Overflow, type Writer } from "../mod.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";
import { turns } from "./support/gate.ts";
import { assertWriterAccounted } from "./support/writer_stats.ts";

/** What the processor does with a record. */
type Work = "returns" | "throws" | "waits" | "writes";

type Step =
  | { readonly kind: "write" | "append"; readonly work: Work; readonly isError: boolean }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "stop"; readonly timeoutMs: number }
  | { readonly kind: "release" | "fail" | "start" | "raise" | "lower" | "abort-append" };

interface Setup {
  readonly mode: "sync" | "async";
  readonly overflow: Overflow;
  readonly capacity: number;
  readonly isReserved: boolean;
  readonly maxRecords: number;
  readonly maxIntervalMs: number;
  readonly processTimeoutMs: number;
}

interface PendingCall {
  readonly ids: readonly number[];
  readonly promise: PromiseWithResolvers<void>;
}

const record = { work: fc.constantFrom<Work>("returns", "throws", "waits", "waits", "writes") };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("write"), ...record, isError: fc.boolean() }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("append"), ...record, isError: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.integer({ min: 1, max: 120 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("stop"),
        timeoutMs: fc.constantFrom(0, 60, Infinity),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          "release",
          "release",
          "fail",
          "start",
          "start",
          "start",
          "raise",
          "lower",
          "lower",
          "abort-append",
        ),
      }),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 10, maxLength: 60, size: "max" },
);

const setups: fc.Arbitrary<Setup> = fc.record({
  mode: fc.constantFrom("sync", "async"),
  overflow: fc.constantFrom<Overflow>("block", "drop-oldest", "drop-newest", "sample", "warn"),
  capacity: fc.integer({ min: 2, max: 4 }),
  isReserved: fc.boolean(),
  maxRecords: fc.integer({ min: 1, max: 3 }),
  maxIntervalMs: fc.constantFrom(0, 0, 50),
  processTimeoutMs: fc.constantFrom(100, Infinity),
});

/** Runs a writer through steps and keeps its own books. */
class Trial {
  readonly #clock: FakeClock = fakeClock();
  readonly #writer: Writer;
  readonly #abort = new AbortController();
  #abortAppends = new AbortController();
  readonly #calls: PendingCall[] = [];
  readonly #refusedIds = new Set<number>();
  readonly #filteredIds = new Set<number>();
  readonly #accepted = new Set<number>();
  readonly #processed = new Set<number>();
  readonly #failed = new Set<number>();
  readonly #dropped = new Set<number>();
  readonly #order: Record<"write" | "append", number[]> = { write: [], append: [] };
  readonly #isReserved: boolean;
  #broken: unknown;
  #nextId = 0;
  #appends: Promise<void>[] = [];
  #stops: Promise<unknown>[] = [];

  constructor({ isReserved, maxRecords, maxIntervalMs, ...setup }: Setup) {
    this.#isReserved = isReserved;
    this.#writer = createWriter({
      ...setup,
      clock: this.#clock,
      signal: this.#abort.signal,
      reserve: isReserved ? 1 : 0,
      sampleEvery: 2,
      graceMs: 50,
      random: () => 0.5,
      batch: { maxRecords, maxIntervalMs },
      onWarn: () => this.#checkLaw(),
      onRecover: () => this.#checkLaw(),
      onDrop: (dropped) => {
        this.#checkLaw();
        this.#dropped.add(idOf(dropped));
      },
      onError: (error, records) => {
        this.#checkLaw();
        if (!(error instanceof TypeError)) this.#settle(this.#failed, records.map(idOf));
      },
      processBatch: (records) => this.#process(records),
    });
  }

  #process(records: readonly LogRecord[]): Promise<void> | undefined {
    this.#checkLaw();
    for (const { fields } of records) {
      const { id, kind } = fields as { id: number; kind: "write" | "append" };
      this.#order[kind].push(id);
    }
    const works = records.map(({ fields }) => fields!.work as Work);
    if (works.includes("writes")) this.#write("returns", false);
    if (works.includes("throws")) throw new Error("processor");
    const ids = records.map(idOf);
    if (!works.includes("waits")) return void this.#settle(this.#processed, ids);
    const call = { ids, promise: Promise.withResolvers<void>() };
    this.#calls.push(call);
    return call.promise.promise;
  }

  #settle(into: Set<number>, ids: readonly number[]): void {
    for (const id of ids) {
      if (this.#processed.has(id) || this.#failed.has(id)) {
        this.#broken ??= new Error(`Record ${id} has its outcome already`);
      }
      into.add(id);
    }
  }

  /** Also called by listeners, whose errors reach nobody: the first one is kept. */
  #checkLaw(): void {
    try {
      assertWriterAccounted(this.#writer.stats());
    } catch (error) {
      this.#broken ??= error;
    }
  }

  #make(kind: "write" | "append", work: Work, isError: boolean) {
    const id = this.#nextId++;
    const level = isError ? "error" as const : "info" as const;
    return {
      id,
      isFiltered: this.#writer.level === "error" && !isError,
      level,
      msg: "m",
      fields: { id, kind, work },
    };
  }

  #write(work: Work, isError: boolean): void {
    const { id, isFiltered, ...input } = this.#make("write", work, isError);
    const wasRunning = this.#writer.running;
    const isTaken = this.#writer.write(input);
    assert.ok(wasRunning || !isTaken, "a writer that does not run takes nothing");
    this.#note(id, isFiltered, isTaken);
  }

  #note(id: number, isFiltered: boolean, isTaken: boolean): void {
    (isTaken ? isFiltered ? this.#filteredIds : this.#accepted : this.#refusedIds).add(id);
  }

  #append(work: Work, isError: boolean): void {
    const { id, isFiltered, ...input } = this.#make("append", work, isError);
    const { signal } = this.#abortAppends;
    this.#appends.push(
      this.#writer.append(input, { signal, timeoutMs: 200 }).then(
        () => this.#note(id, isFiltered, true),
        () => this.#note(id, isFiltered, false),
      ),
    );
  }

  #letThrough(error?: Error): void {
    const call = this.#calls.shift();
    if (call === undefined) return;
    // Told through onError otherwise: this call was given up.
    if (error === undefined && !call.ids.some((id) => this.#failed.has(id))) {
      this.#settle(this.#processed, call.ids);
    }
    if (error === undefined) call.promise.resolve();
    else call.promise.reject(error);
  }

  async run(step: Step): Promise<void> {
    const writer = this.#writer;
    if (step.kind === "write") this.#write(step.work, step.isError);
    else if (step.kind === "append") this.#append(step.work, step.isError);
    else if (step.kind === "advance") await this.#clock.advance(step.ms);
    else if (step.kind === "stop") this.#stops.push(writer.stop({ timeoutMs: step.timeoutMs }));
    else if (step.kind === "release") this.#letThrough();
    else if (step.kind === "fail") this.#letThrough(new Error("rejected"));
    else if (step.kind === "start" && !writer.running) writer.start();
    else if (step.kind === "raise") writer.setLevel("error");
    else if (step.kind === "lower") writer.setLevel("trace");
    else if (step.kind === "abort-append") {
      this.#abortAppends.abort();
      this.#abortAppends = new AbortController();
    }
    this.#checkLaw();
    await turns();
    this.#compare();
  }

  /** The writer's figures against the books. */
  #compare(): void {
    this.#checkLaw();
    if (this.#broken !== undefined) throw this.#broken;
    const stats = this.#writer.stats();
    const dropped = [...this.#dropped].filter((id) => this.#accepted.has(id)).length;
    const refused = this.#refusedIds.size;
    assert.deepEqual(
      {
        filtered: stats.filtered,
        accepted: stats.accepted,
        refused: stats.offered - stats.filtered - stats.accepted,
        processed: stats.processed,
        failed: stats.failed,
        pending: stats.pending,
      },
      {
        filtered: this.#filteredIds.size,
        accepted: this.#accepted.size,
        refused,
        processed: this.#processed.size,
        failed: this.#failed.size,
        pending: this.#accepted.size - dropped - this.#processed.size - this.#failed.size,
      },
    );
  }

  /** Ends it one way or the other: nothing may be pending, no wait and no timer left. */
  async end(isAbort: boolean): Promise<void> {
    if (isAbort) this.#abort.abort();
    const closed = this.#writer.close({ timeoutMs: 500 });
    await this.#clock.advance(2_000);
    while (this.#calls.length > 0) this.#letThrough();
    await Promise.all([closed, ...this.#appends, ...this.#stops]);
    this.#compare();
    assert.equal(this.#writer.stats().pending, 0);
    assert.equal(this.#clock.pending, 0, "a timer is left behind");
    for (const kind of ["write", "append"] as const) {
      const ids = this.#order[kind];
      if (!this.#isReserved) assert.deepEqual(ids, ids.toSorted((a, b) => a - b), "out of order");
      assert.equal(new Set(ids).size, ids.length, "processed twice");
    }
  }
}

function idOf({ fields }: LogRecord): number {
  return fields!.id as number;
}

test("every record is in exactly one state at every moment, whatever is done with a writer", async () => {
  await fc.assert(
    fc.asyncProperty(setups, steps, fc.boolean(), async (setup, steps, isAbort) => {
      const trial = new Trial(setup);
      for (const step of steps) await trial.run(step);
      await trial.end(isAbort);
    }),
    { numRuns: 150 },
  );
});
