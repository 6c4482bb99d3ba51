/** The interpreter of `cases/lane.json`: one pipeline, whose sinks answer by script. */
import assert from "node:assert/strict";
import type { DrainReport, ForcedHold, LaneStats, PipelineOptions } from "../../mod.ts";
import { backoff } from "../../src/delivery/backoff.ts";
import type { LaneOptions } from "../../src/pipeline/lane_options.ts";
import { type FakeClock, fakeClock } from "../../src/testing/fake_clock.ts";
import { assertAccounted } from "./accounting.ts";
import type { NamedCase } from "./case_files.ts";
import { type Bench, openBench } from "./lanes.ts";
import { type Answer, type ScriptedSink, scriptedSink, shown } from "./scripted_sink.ts";

/** How a sink is set up. */
export interface SinkSetting extends Omit<LaneOptions, "sink" | "fallback" | "order" | "retry"> {
  /** `key` keeps those in order whose messages begin with the same letter. */
  readonly order?: "strict" | "none" | "key";
  /** With `delays`, the waits between tries; else they are those of the default backoff. */
  readonly retry?: Omit<NonNullable<LaneOptions["retry"]>, "backoff"> & {
    readonly delays?: readonly number[];
  };
  /** Whether it has a fallback, whose name is its own and `fallback`. */
  readonly hasFallback?: boolean;
}

/** What a lane case may do. */
export type LaneStep =
  /** Writes so many records, numbered on, or records with these messages. */
  | { readonly write: number | readonly string[] }
  /** What the sink answers from now on; with `of`, another sink. */
  | { readonly sink: readonly Answer[]; readonly of?: string }
  | { readonly advance: number }
  | { readonly pause: string }
  | { readonly resume: string }
  | { readonly remove: string }
  | { readonly add: string; readonly from?: "now" | "start" | number }
  /** Ends the calls of a sink that hang. */
  | { readonly end: string }
  /** Isolates the breaker of a sink, or ends that. */
  | { readonly isolate: string }
  | { readonly release: string }
  /** Drains within so many milliseconds, or ends before, within others; whether all was settled. */
  | { readonly drain: number; readonly drained: boolean; readonly withinMs?: number }
  /** Closes within so many milliseconds. */
  | { readonly close: number }
  | { readonly expect: LaneExpectation };

/** What a lane case looks at. Calls and events are those since the last look. */
export interface LaneExpectation {
  /** Calls of the sink, each as the messages of its records. */
  readonly calls?: readonly string[];
  /** Calls of other sinks, by name. */
  readonly callsOf?: Readonly<Record<string, readonly string[]>>;
  /** The records of all calls of sinks in one line, by name, where it does not matter which went together. */
  readonly offeredTo?: Readonly<Record<string, string>>;
  /** Some figures of the sink's lane. */
  readonly lane?: Partial<LaneStats>;
  /** Some figures of other lanes. */
  readonly lanes?: Readonly<Record<string, Partial<LaneStats>>>;
  /** All dead letters, oldest first: message, reason, attempts. */
  readonly letters?: readonly string[];
  /** Kinds of events. */
  readonly told?: readonly string[];
}

/** A case of lanes; the sink that steps speak of is called `sink`. */
export interface LaneCase extends NamedCase {
  readonly sinks?: Readonly<Record<string, SinkSetting>>;
  readonly options?: Pick<PipelineOptions, "deadLetters" | "pool">;
  /** What `random` answers, over and over. */
  readonly random?: readonly number[];
  readonly steps: readonly LaneStep[];
}

/** A case that is under way. */
export class LanePlay {
  readonly clock: FakeClock = fakeClock();
  readonly #given: LaneCase;
  readonly #sinks = new Map<string, ScriptedSink>();
  #bench: Bench | undefined;
  #held: ForcedHold | undefined;
  #written = 0;
  #isClosed = false;

  constructor(given: LaneCase) {
    this.#given = given;
  }

  /** The pipeline and what is around it. */
  get bench(): Bench {
    return this.#bench!;
  }

  /** Opens the pipeline. */
  async open(options: Partial<PipelineOptions> = {}): Promise<void> {
    const { sinks = { sink: {} }, random = [0], options: given } = this.#given;
    let at = 0;
    const lanes = Object.keys(sinks).map((name) => [name, this.#laneOf(name)] as const);
    this.#bench = await openBench(
      Object.fromEntries(lanes),
      { ...given, ...options, random: () => random[at++ % random.length]! },
      this.clock,
    );
  }

  #laneOf(name: string): LaneOptions {
    const { order, retry: { delays, ...retry } = {}, hasFallback, ...rest } =
      (this.#given.sinks ?? {})[name] ?? {};
    const key = ({ msg }: { msg: string }): string => msg.slice(0, 1);
    return {
      ...rest,
      sink: this.#sinkOf(name),
      ...(order === undefined ? {} : { order: order === "key" ? { key } : order }),
      ...(hasFallback ? { fallback: this.#sinkOf(`${name} fallback`) } : {}),
      retry: { ...retry, ...(delays && { backoff: backoff.list(delays) }) },
    };
  }

  #sinkOf(name: string): ScriptedSink {
    const found = this.#sinks.get(name) ?? scriptedSink(this.clock);
    this.#sinks.set(name, found);
    return found;
  }

  /** Takes a step, and lets everything come to rest. */
  async take(step: LaneStep): Promise<void> {
    const { pipeline } = this.bench;
    if ("write" in step) return await this.#write(step.write);
    if ("sink" in step) return this.#sinkOf(step.of ?? "sink").script(step.sink);
    if ("expect" in step) return await this.#check(step.expect);
    if ("advance" in step) return await this.clock.advance(step.advance);
    if ("close" in step) return await this.close(step.close);
    if ("drain" in step) return await this.#drain(step);
    if ("pause" in step) pipeline.lanes.pause(step.pause);
    else if ("resume" in step) pipeline.lanes.resume(step.resume);
    else if ("end" in step) this.#sinkOf(step.end).end();
    else if ("isolate" in step) this.#held = pipeline.breakers.force("isolated", step.isolate);
    else if ("release" in step) this.#held?.release();
    else if ("remove" in step) await this.#remove(step.remove);
    else await pipeline.lanes.add(step.add, this.#laneOf(step.add), step);
    await this.clock.advance(0);
  }

  async #write(given: number | readonly string[]): Promise<void> {
    const messages = typeof given === "number"
      ? Array.from({ length: given }, () => String(++this.#written))
      : given;
    await this.bench.write(...messages);
  }

  async #drain({ drain, drained, withinMs }: Extract<LaneStep, { drain: number }>): Promise<void> {
    let report: DrainReport | undefined;
    void this.bench.pipeline.drain({ timeoutMs: drain }).then((end) => report = end);
    await this.clock.advance(withinMs ?? drain);
    assert.equal(report?.drained, drained);
  }

  /** The call under way gets up to a second. */
  async #remove(name: string): Promise<void> {
    const removing = this.bench.pipeline.lanes.remove(name);
    await this.clock.advance(1000);
    await removing;
  }

  async #check(want: LaneExpectation): Promise<void> {
    const { pipeline, events } = this.bench;
    const stats = pipeline.stats();
    assertAccounted(stats);
    const lanes = { ...want.lanes, ...(want.lane && { sink: want.lane }) };
    for (const [name, figures] of Object.entries(lanes)) {
      const { [name]: lane } = stats.lanes;
      assert.deepEqual({ ...lane, ...figures }, lane, `the figures of ${name}`);
    }
    const calls = { ...want.callsOf, ...(want.calls && { sink: want.calls }) };
    for (const [name, begun] of Object.entries(calls)) {
      assert.deepEqual(this.#sinkOf(name).calls().map(shown), begun, `the calls of ${name}`);
    }
    for (const [name, records] of Object.entries(want.offeredTo ?? {})) {
      assert.equal(shown(this.#sinkOf(name).calls().flat()), records, `what ${name} got`);
    }
    if (want.told) assert.deepEqual(events.splice(0).map(({ kind }) => kind), want.told);
    if (want.letters) assert.deepEqual(await this.letters(), want.letters);
  }

  /** Dead letters, oldest first: message, reason, attempts. */
  async letters(): Promise<string[]> {
    const letters = await Array.fromAsync(this.bench.pipeline.deadLetters.list());
    return letters.map(({ record, reason, attempts }) =>
      `${shown([JSON.parse(record).msg])} ${reason} ${attempts}`
    );
  }

  /** Closes, once; every record must be accounted for before and after. */
  async close(timeoutMs = 0): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.bench.close(timeoutMs);
  }
}
