/** A pipeline on a clock that is moved by hand, with a log that passes for one on disk. */
import {
  type FileStore,
  openPipeline,
  type Pipeline,
  type PipelineEvent,
  type PipelineOptions,
} from "../../mod.ts";
import { type FakeClock, fakeClock } from "../../src/testing/mod.ts";
import { assertAccounted } from "./accounting.ts";
import { durableMemory } from "./durable_memory.ts";

/** A pipeline under test, its clock, and what it told. */
export interface Bench {
  readonly pipeline: Pipeline;
  readonly clock: FakeClock;
  readonly events: PipelineEvent[];
  readonly store: FileStore;
  /** Writes records with these messages, and lets them on their way. */
  write(...messages: readonly string[]): Promise<void>;
  /** Closes within `timeoutMs` of the clock; the counts must sum up before and after. */
  close(timeoutMs?: number): Promise<void>;
}

/** Opens one. */
export async function openBench(
  sinks: NonNullable<PipelineOptions["sinks"]>,
  options: Partial<PipelineOptions> = {},
  clock: FakeClock = fakeClock(),
  store: FileStore = durableMemory(),
): Promise<Bench> {
  const events: PipelineEvent[] = [];
  const pipeline = await openPipeline({
    sinks,
    wal: { store },
    clock,
    random: () => 0.999_999,
    onEvent: (event) => events.push(event),
    ...options,
  });
  // The log may be one that another pipeline left.
  assertAccounted(pipeline.stats());
  return {
    pipeline,
    clock,
    events,
    store,
    async write(...messages) {
      for (const msg of messages) pipeline.write(msg);
      await clock.advance(0);
      assertAccounted(pipeline.stats());
    },
    async close(timeoutMs = 0) {
      assertAccounted(pipeline.stats());
      const closing = pipeline.close({ timeoutMs });
      await clock.advance(timeoutMs + 10_000);
      await closing;
      assertAccounted(pipeline.stats());
    },
  };
}

/** The numbers from 0 up to `count`, as messages. */
export function messages(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}
