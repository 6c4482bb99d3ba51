/**
 * Five lanes on one log: one that is well and four that fail each in its way, over simulated kills, on a
 * clock that is moved by hand. The oracle is what the sinks themselves took down.
 */
import assert from "node:assert/strict";
import {
  type Batch,
  type LaneOptions,
  openPipeline,
  type Pipeline,
  RejectedError,
  type SinkResult,
} from "../../mod.ts";
import { type FakeClock, fakeClock, simulatedDisk } from "../../src/testing/mod.ts";
import { type SeededRandom, seededRandom } from "../../src/testing/random.ts";
import { assertAccounted } from "./accounting.ts";
import type { FaultCase } from "./faults.ts";

/** How a run is made. */
export interface ChaosPlan {
  readonly seed: number;
  readonly records: number;
  readonly kills: number;
  /** Whether the four lanes that fail are there. */
  readonly withBad: boolean;
}

/** What a sink took. */
interface Taken {
  /** When each record was taken for the first time, in virtual milliseconds, in the order taken. */
  readonly first: Map<number, number>;
  repeats: number;
}

/** Milliseconds between two rounds of writing. */
const STEP_MS = 10;
const MAX_RECORDS = 50;
const KEYS = 7;
/** One record in so many is poison for the lane that gives partial results. */
const POISON_EVERY = 1000;

const LANES = ["fast", "flaky", "hanging", "slow", "partial"] as const;
type LaneName = typeof LANES[number];

/** What is the same through all lives of a run. */
interface World {
  readonly plan: ChaosPlan;
  readonly perStep: number;
  readonly taken: Readonly<Record<LaneName, Taken>>;
  elapsedMs: number;
  written: number;
}

/** One process: from its start to its end or its kill. */
interface Life {
  readonly clock: FakeClock;
  readonly startMs: number;
  readonly pipeline: Pipeline;
  isAlive: boolean;
}

const numberOf = ({ msg }: { readonly msg: string }): number => Number(msg);
const isPoison = (n: number): boolean => n % POISON_EVERY === POISON_EVERY / 2;
const keyOf = (n: number): string => String(n % KEYS);

/** Runs the plan; answers when the fast lane took each record. */
export async function runChaos(plan: ChaosPlan): Promise<ReadonlyMap<number, number>> {
  const random = seededRandom(plan.seed);
  const disk = simulatedDisk({ seed: plan.seed });
  const world: World = {
    plan,
    perStep: Math.max(10, Math.ceil(plan.records / 2000)),
    taken: {
      fast: newTaken(),
      flaky: newTaken(),
      hanging: newTaken(),
      slow: newTaken(),
      partial: newTaken(),
    },
    elapsedMs: 0,
    written: 0,
  };
  const killAt = Array.from({ length: plan.kills }, () => random.below(plan.records))
    .sort((a, b) => a - b);
  for (let life = 0;; life++) {
    const now = await begin(world, () => disk.store(), random.fork());
    const isLast = life >= plan.kills;
    await writeUntil(world, now, isLast ? plan.records : killAt[life]!);
    if (isLast) {
      await settleAll(world, now);
      await check(world, now);
      return world.taken.fast.first;
    }
    now.isAlive = false;
    world.elapsedMs += now.clock.monotonic();
    disk.crash("kill");
  }
}

function newTaken(): Taken {
  return { first: new Map(), repeats: 0 };
}

async function begin(
  world: World,
  store: () => ReturnType<ReturnType<typeof simulatedDisk>["store"]>,
  random: SeededRandom,
): Promise<Life> {
  const clock = fakeClock(1_767_225_600_000 + world.elapsedMs);
  const life: { -readonly [K in keyof Life]?: Life[K] } = {
    clock,
    startMs: world.elapsedMs,
    isAlive: true,
  };
  const chance = random.fork();
  const lanes = lanesOf(world, life as Life, random);
  life.pipeline = await openPipeline({
    wal: { store: store(), segmentBytes: 4_000_000 },
    clock,
    random: () => chance.below(2 ** 20) / 2 ** 20,
    onEvent: () => {},
    sinks: world.plan.withBad ? lanes : { fast: lanes.fast },
  });
  return life as Life;
}

/** The sinks of one life. What a process that was killed still calls counts for nothing. */
function lanesOf(
  world: World,
  life: Life,
  random: SeededRandom,
): Readonly<Record<LaneName, LaneOptions>> {
  const take = (name: LaneName, numbers: readonly number[]): void => {
    const { first } = world.taken[name];
    for (const n of life.isAlive ? numbers : []) {
      if (first.has(n)) world.taken[name].repeats++;
      else first.set(n, life.startMs + life.clock.monotonic());
    }
  };
  const later = (ms: number): Promise<void> =>
    new Promise((resolve) => life.clock.setTimer(resolve, ms));
  const batch = { maxRecords: MAX_RECORDS };
  const numbers = (of: Batch): number[] => of.records().map(numberOf);
  const [flaky, hanging, partial] = [random.fork(), random.fork(), random.fork()];
  return {
    fast: { sink: (of) => take("fast", numbers(of)), batch },
    flaky: {
      sink(of) {
        if (flaky.chance(0.3)) throw new Error("down");
        take("flaky", numbers(of));
      },
      batch,
    },
    hanging: {
      // Neither time nor signal moves it; in the end it fails.
      async sink(of) {
        if (hanging.chance(0.2)) {
          await later(20_000);
          throw new Error("connection lost");
        }
        take("hanging", numbers(of));
      },
      timeoutMs: 1000,
      graceMs: 200,
      batch,
    },
    slow: {
      async sink(of) {
        await later(2000);
        take("slow", numbers(of));
      },
      order: "none",
      concurrency: 4,
      batch,
    },
    partial: {
      sink: (of) => partialOf(numbers(of), partial, (taken) => take("partial", taken)),
      order: { key: (record) => keyOf(numberOf(record)) },
      concurrency: 3,
      batch,
    },
  };
}

/** Takes a part; behind a record that it does not take it takes no other of the same key. */
function partialOf(
  numbers: readonly number[],
  random: SeededRandom,
  take: (numbers: readonly number[]) => void,
): SinkResult | void {
  if (numbers.some(isPoison)) throw new RejectedError("poison");
  const stuck = new Set<string>();
  const retry: number[] = [];
  const taken = numbers.filter((n, index) => {
    if (random.chance(0.02)) stuck.add(keyOf(n));
    if (!stuck.has(keyOf(n))) return true;
    retry.push(index);
    return false;
  });
  take(taken);
  if (retry.length > 0) return { retry };
}

async function writeUntil(world: World, { clock, pipeline }: Life, end: number): Promise<void> {
  while (world.written < end) {
    const to = Math.min(end, world.written + world.perStep);
    while (world.written < to) assert.ok(pipeline.write(String(world.written++)));
    await clock.advance(STEP_MS);
    assertAccounted(pipeline.stats());
    assertBounded(pipeline);
  }
}

function assertBounded(pipeline: Pipeline): void {
  for (const { lane, inFlight } of pipeline.lanes.list()) {
    const most = { slow: 4, partial: 3 }[lane] ?? 1;
    assert.ok(inFlight <= most, `${lane} holds ${inFlight} batches`);
  }
}

async function settleAll(world: World, { clock, pipeline }: Life): Promise<void> {
  const isDone = (): boolean => pipeline.lanes.list().every(({ pending }) => pending === 0);
  // The slowest takes a batch in the time of an open breaker.
  const limitMs = 60_000 * (10 + world.plan.records / MAX_RECORDS);
  while (!isDone() && clock.monotonic() < limitMs) {
    await clock.advance(5000);
    assertAccounted(pipeline.stats());
    assertBounded(pipeline);
  }
  assert.ok(isDone(), `not delivered: ${JSON.stringify(pipeline.lanes.list())}`);
}

async function check(world: World, { clock, pipeline }: Life): Promise<void> {
  const letters = await Array.fromAsync(pipeline.deadLetters.list());
  const lost = letters.map(({ record }) => numberOf(JSON.parse(record))).sort((a, b) => a - b);
  const { records, kills, withBad } = world.plan;
  const all = Array.from({ length: records }, (_, n) => n);
  assert.deepEqual(lost, withBad ? all.filter(isPoison) : []);
  for (const name of withBad ? LANES : ["fast"] as const) {
    const { first, repeats } = world.taken[name];
    const wanted = name === "partial" ? all.filter((n) => !isPoison(n)) : all;
    const order = [...first.keys()];
    const stats = pipeline.lanes.get(name)!;
    assert.deepEqual(order.toSorted((a, b) => a - b), wanted, `${name} got every record`);
    assert.equal(stats.delivered + stats.deadLettered, records, `the counts of ${name} hold`);
    if (name === "partial") assertKeyOrder(order);
    else if (name !== "slow") assert.deepEqual(order, wanted, `${name} is in order`);
    const inFlight = { slow: 4, partial: 3 }[name as string] ?? 1;
    // Cursors are stored every 100 ms: ten rounds, at most what a lane took of its backlog meanwhile.
    const most = kills * (4 * MAX_RECORDS * inFlight + world.perStep * 100 / STEP_MS);
    assert.ok(repeats <= most, `${name}: ${repeats} repeats, at most ${most} are allowed`);
  }
  const closing = pipeline.close({ timeoutMs: 0 });
  await clock.advance(30_000);
  await closing;
  assertAccounted(pipeline.stats());
}

function assertKeyOrder(order: readonly number[]): void {
  const last = new Map<string, number>();
  for (const n of order) {
    assert.ok((last.get(keyOf(n)) ?? -1) < n, `record ${n} overtook one of its key`);
    last.set(keyOf(n), n);
  }
}

/** The chaos with and without the lanes that fail: the fast one must not notice. */
function chaosCase(number: number, records: number): FaultCase {
  return {
    name: `L${number}: five lanes over kills, ${records} records`,
    file: "tests/lane_chaos.test.ts",
    async run(seed) {
      const plan = { seed, records, kills: 3 };
      const alone = await runChaos({ ...plan, withBad: false });
      const among = await runChaos({ ...plan, withBad: true });
      assert.deepEqual([...among], [...alone], "the fast lane's times do not depend on the others");
    },
  };
}

/** The form for every day. */
export const SMALL_CHAOS: FaultCase = chaosCase(1, 3000);

/** The form for many seeds. */
export const CHAOS_CASES: readonly FaultCase[] = [chaosCase(2, 20_000)];

/** The form for one seed: it takes about a minute. */
export const MILLION_CHAOS: FaultCase = chaosCase(3, 1_000_000);
