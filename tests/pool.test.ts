import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../src/clock.ts";
import { createPool } from "../src/delivery/pool.ts";
import { PoolClosedError, PoolFullError } from "../src/delivery/pool_errors.ts";
import type { Work } from "../src/delivery/pool_job.ts";
import type { PoolOptions } from "../src/delivery/pool_options.ts";
import type { PoolDropEpisode } from "../src/delivery/pool_overflow.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { assertPoolAccounted } from "./support/pool_accounting.ts";

/** A promise that never settles. */
const never = (): Promise<never> => new Promise(() => {});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("submit() calls no job before its caller has returned", async () => {
  const pool = createPool();
  let called = false;
  const result = pool.submit(() => called = true);
  assert.equal(called, false);
  assert.equal(pool.running, 1);
  assert.equal(await result, true);
});

test("submit() takes values, promises and thenables, and what is thrown", async () => {
  const pool = createPool();
  assert.equal(await pool.submit(() => 1), 1);
  assert.equal(await pool.submit(() => Promise.resolve(2)), 2);
  const thenable = { then: (done: (n: number) => void) => done(3) } as unknown as PromiseLike<
    number
  >;
  assert.equal(await pool.submit(() => thenable), 3);
  const failure = new Error("no");
  const throwsInThen = {
    get then(): never {
      throw failure;
    },
  };
  const throwing: Work<unknown>[] = [
    () => {
      throw failure;
    },
    () => Promise.reject(failure),
    () => throwsInThen,
  ];
  for (const work of throwing) await assert.rejects(pool.submit(work), failure);
  assert.equal(pool.stats().failed, 3);
  assertPoolAccounted(pool.stats());
});

test("a promise that calls back twice ends its job once", async () => {
  const twice = Promise.resolve(1);
  twice.then = ((done: (value: number) => void) => {
    done(1);
    done(1);
  }) as typeof twice.then;
  const pool = createPool({ size: 1 });
  pool.post(() => twice);
  await turn();
  assert.equal(pool.stats().succeeded, 1);
  assert.equal(pool.stats().idle, 1);
});

test("jobs that hand over the next one add nothing to the stack", async () => {
  const pool = createPool({ size: 1 });
  const rounds = 50_000;
  for (const asynchronous of [false, true]) {
    let left = rounds;
    const work = (): Promise<void> | void => {
      if (--left > 0) pool.post(work);
      if (asynchronous) return Promise.resolve();
    };
    pool.post(work);
    assert.equal((await pool.drain()).idle, true);
    assert.equal(left, 0);
  }
  assert.equal(pool.stats().succeeded, 2 * rounds);
});

test("synchronous jobs give the event loop back now and then", async () => {
  let now = 0;
  const clock: Clock = { ...fakeClock(), monotonic: () => now };
  const pool = createPool({ size: 1, clock });
  const order: string[] = [];
  for (let i = 0; i < 6; i++) {
    pool.post(() => {
      order.push("job");
      now += 3;
    });
  }
  setImmediate(() => order.push("other"));
  await pool.drain();
  assert.ok(order.indexOf("other") < 5, `another turn came in between: ${order}`);
  assert.equal(order.length, 7);
});

test("a signal that is asked for late is aborted already", async () => {
  const clock = fakeClock();
  const pool = createPool({ clock, timeoutMs: 10 });
  const look = Promise.withResolvers<void>();
  let reason: unknown;
  const result = pool.submit(async (context) => {
    await look.promise;
    reason = context.signal.reason;
  });
  result.catch(() => {});
  await clock.advance(10);
  look.resolve();
  await clock.advance(0);
  await assert.rejects(result, { name: "JobTimeoutError", timeoutMs: 10 });
  assert.equal((reason as Error).name, "JobTimeoutError");
  assert.equal(pool.stats().settle.count, 1);
});

test("a job that is aborted in the turn it was handed over never runs", async () => {
  const pool = createPool({ size: 1 });
  const controller = new AbortController();
  let called = false;
  const first = pool.submit(() => called = true, { signal: controller.signal, key: "a" });
  const second = pool.submit(() => 2, { key: "a" });
  controller.abort("not now");
  await assert.rejects(first, (reason) => reason === "not now");
  assert.equal(await second, 2);
  assert.equal(called, false);
  await assert.rejects(pool.submit(() => 3, { signal: controller.signal }));
  const { canceled, refused } = pool.stats();
  assert.deepEqual({ canceled, aborted: refused.aborted }, { canceled: 1, aborted: 1 });
  assertPoolAccounted(pool.stats());
});

test("a signal that many jobs share gets one listener, and keeps none", async () => {
  const pool = createPool({ size: 2 });
  const { signal } = new AbortController();
  const counts = { add: 0, remove: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<AbortSignal["addEventListener"]>) => {
    counts.add++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<AbortSignal["removeEventListener"]>) => {
    counts.remove++;
    removeEventListener.apply(signal, args);
  };
  for (let i = 0; i < 100; i++) pool.post(() => {}, { signal });
  await pool.drain();
  assert.deepEqual(counts, { add: 1, remove: 1 });
});

test("a shared signal ends waiting and running jobs alike", async () => {
  const pool = createPool({ size: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const works: Work<unknown>[] = [
    (job) => new Promise((_, reject) => job.signal.addEventListener("abort", () => reject())),
    () => "never called",
  ];
  const results = works.map((work) => pool.submit(work, { signal }));
  await turn();
  controller.abort("enough");
  for (const result of results) await assert.rejects(result, (reason) => reason === "enough");
  await pool.drain();
  const { aborted, canceled } = pool.stats();
  assert.deepEqual({ aborted, canceled }, { aborted: 1, canceled: 1 });
});

test("post() tells onError why an accepted job did not succeed", async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const pool = createPool({
    size: 1,
    maxQueued: 1,
    overflow: "drop-oldest",
    timeoutMs: 10,
    clock,
    onError: (error) => told.push((error as Error).message.slice(0, 20)),
  });
  pool.post(() => Promise.reject(new Error("no luck")));
  await clock.advance(0);
  pool.post(() => new Promise((_, reject) => clock.setTimer(() => reject(new Error("late")), 20)));
  pool.post(() => {});
  pool.post(never);
  await clock.advance(25);
  const closing = pool.close();
  await clock.advance(5000);
  await closing;
  assert.deepEqual(told, [
    "no luck",
    "The job was given up",
    "The job did not end ",
    "The pool was closed ",
  ]);
  assert.equal(pool.post(() => {}), false);
  assert.equal(told.length, 4);
  assertPoolAccounted(pool.stats());
});

test("a listener that throws harms nobody, and may hand over jobs", async () => {
  const clock = fakeClock();
  const ran: string[] = [];
  const pool = createPool({
    size: 1,
    maxQueued: 1,
    overflow: "warn",
    timeoutMs: 10,
    graceMs: 10,
    clock,
    onError: () => {
      pool.post(() => void ran.push("by onError"));
      throw new Error("onError");
    },
    onLeak: () => {
      throw new Error("onLeak");
    },
    onWarn: () => {
      throw new Error("onWarn");
    },
    onRecover: () => {
      pool.post(() => void ran.push("by onRecover"));
      throw new Error("onRecover");
    },
  });
  const { error } = console;
  const shown: unknown[] = [];
  console.error = (line: unknown) => shown.push(line);
  try {
    pool.post(never);
    pool.post(() => void ran.push("second"));
    assert.equal(pool.post(() => {}), false);
    await clock.advance(30);
  } finally {
    console.error = error;
  }
  assert.deepEqual(ran, ["second", "by onRecover"]);
  assert.deepEqual(shown.sort(), [
    "logflume: onError threw onError",
    "logflume: onLeak threw onLeak",
    "logflume: onRecover threw onRecover",
    "logflume: onWarn threw onWarn",
  ]);
  assertPoolAccounted(pool.stats());
});

test("a job that a listener hands over does not overtake those that wait", async () => {
  const order: number[] = [];
  const pool = createPool({
    size: 1,
    onError: () => pool.post(() => order.push(3)),
  });
  pool.post(() => Promise.reject(new Error("no luck")));
  pool.post(() => order.push(2));
  await pool.drain();
  assert.deepEqual(order, [2, 3]);
});

test("warn tells once an episode, which ends when the queue is half empty", async () => {
  const warned: PoolDropEpisode[] = [];
  const recovered: PoolDropEpisode[] = [];
  const gates: (() => void)[] = [];
  const pool = createPool({
    size: 1,
    maxQueued: 2,
    overflow: "warn",
    onWarn: (episode) => warned.push(episode),
    onRecover: (episode) => recovered.push(episode),
  });
  const gated = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
  for (let i = 0; i < 5; i++) pool.post(gated);
  assert.deepEqual(warned, [{ policy: "warn", dropped: 1 }]);
  assert.deepEqual(recovered, []);
  await turn();
  gates.shift()!();
  await turn();
  assert.deepEqual(recovered, [{ policy: "warn", dropped: 2 }]);
  pool.post(gated);
  pool.post(gated);
  assert.equal(warned.length, 2);
  assert.equal(pool.stats().dropped, 3);
});

test("warn tells on the console where nobody else is told", () => {
  const { warn } = console;
  const shown: unknown[] = [];
  console.warn = (line: unknown) => shown.push(line);
  try {
    const pool = createPool({ size: 1, maxQueued: 0, overflow: "warn" });
    for (let i = 0; i < 3; i++) pool.post(never);
  } finally {
    console.warn = warn;
  }
  assert.deepEqual(shown, [
    "logflume: The pool's queue is full: jobs are dropped until there is room",
  ]);
});

test("stats() measures wait, run and what comes after an abort, for the pool and each worker", async () => {
  const clock = fakeClock();
  const pool = createPool({ size: 1, clock, timeoutMs: 50, graceMs: 1000 });
  const lasting = (ms: number) => () => new Promise<void>((end) => clock.setTimer(end, ms));
  pool.post(lasting(20));
  pool.post(lasting(80));
  pool.post(lasting(2000));
  await clock.advance(3000);
  const { wait, run, settle, workers } = pool.stats();
  assert.deepEqual([wait.count, wait.sumMs, wait.maxMs], [3, 20 + 100, 100]);
  assert.deepEqual([run.count, run.sumMs, run.maxMs], [3, 20 + 50 + 50, 50]);
  assert.deepEqual([settle.count, settle.sumMs, settle.maxMs], [2, 30 + 1950, 1950]);
  assert.deepEqual(workers, [{
    id: 1,
    state: "idle",
    started: 3,
    failed: 0,
    timedOut: 2,
    leaked: 1,
    waitMs: 120,
    runMs: 120,
    settleMs: 30 + 1000,
  }]);
  assertPoolAccounted(pool.stats());
  await pool.submit(() => {});
  assert.equal(pool.stats().wait.sumMs, 120, "who finds a free worker has not waited");
});

test("stats() lists the workers that a load needed, the first ones first", async () => {
  const clock = fakeClock();
  const pool = createPool({ size: 8, clock, timeoutMs: 10, graceMs: 10, maxLeaked: 0 });
  for (let i = 0; i < 5; i++) await pool.submit(() => i);
  assert.deepEqual(pool.stats().workers.map(({ started }) => started), [5]);
  pool.post(never);
  await clock.advance(0);
  pool.post(() => new Promise<void>((end) => clock.setTimer(end, 15)));
  await clock.advance(12);
  const states = (): string[] => pool.stats().workers.map(({ state }) => state);
  assert.deepEqual(states(), ["settling", "settling"]);
  await clock.advance(13);
  assert.deepEqual(states(), ["leaked", "idle"]);
  assert.equal(pool.stats().idle, 7);
});

test("drain() ends at its time, at its signal, and when all is done", async () => {
  const clock = fakeClock();
  const pool = createPool({ size: 1, clock });
  const gate = Promise.withResolvers<void>();
  pool.post(() => gate.promise);
  pool.post(() => {});
  const busy = { idle: false, waiting: 1, running: 1, leaked: 0 };
  assert.deepEqual(await pool.drain({ timeoutMs: 0 }), busy);
  assert.deepEqual(await pool.drain({ signal: AbortSignal.abort() }), busy);
  const timed = pool.drain({ timeoutMs: 10 });
  await clock.advance(10);
  assert.deepEqual(await timed, busy);
  const controller = new AbortController();
  const aborted = pool.drain({ signal: controller.signal });
  controller.abort();
  assert.deepEqual(await aborted, busy);
  const whole = pool.drain({ timeoutMs: 1000 });
  gate.resolve();
  assert.deepEqual(await whole, { idle: true, waiting: 0, running: 0, leaked: 0 });
  assert.equal(clock.pending, 0);
  await assert.rejects(pool.drain({ timeoutMs: -1 }), RangeError);
});

test("a pool keeps the process alive for its deadlines, and for no longer", async () => {
  const clock = fakeClock();
  let held = 0;
  const hold = (): () => void => {
    held++;
    return () => held--;
  };
  const pool = createPool({
    size: 1,
    maxQueued: 0,
    timeoutMs: 10,
    graceMs: 10,
    clock: { ...clock, hold },
  });
  const results = [pool.submit(never), pool.submit(() => {}, { roomTimeoutMs: 15 })];
  const settled = Promise.allSettled(results);
  await clock.advance(5);
  assert.equal(held, 2);
  await clock.advance(15);
  await settled;
  await turn();
  assert.equal(held, 0);
  assert.equal(clock.pending, 0);
});

test("close() ends once, from within a job too, and disposing of a pool closes it", async () => {
  const pool = createPool({ size: 1 });
  const inside = pool.submit(() => void pool.close());
  await assert.rejects(inside, PoolClosedError);
  assert.equal(pool.close(), pool.close());
  assert.equal((await pool.close()).idle, true);
  await assert.rejects(pool.submit(() => {}), PoolClosedError);
  let disposed: ReturnType<typeof createPool>;
  {
    await using other = createPool();
    disposed = other;
  }
  assert.equal(disposed.post(() => {}), false);
});

test("a key may be an object, and NaN is one key", async () => {
  const pool = createPool();
  const order: number[] = [];
  for (const key of [{}, NaN, Symbol("a")]) {
    const slow = pool.submit(async () => {
      await turn();
      order.push(1);
    }, { key });
    await Promise.all([slow, pool.submit(() => order.push(2), { key })]);
  }
  assert.deepEqual(order, [1, 2, 1, 2, 1, 2]);
  assert.equal(pool.stats().keys, 0);
});

const WRONG: readonly [name: string, options: PoolOptions][] = [
  ["size", { size: 0 }],
  ["size", { size: 1.5 }],
  ["maxQueued", { maxQueued: -1 }],
  ["maxBlocked", { maxBlocked: NaN }],
  ["sampleEvery", { sampleEvery: 0 }],
  ["timeoutMs", { timeoutMs: -1 }],
  ["graceMs", { graceMs: NaN }],
  ["maxLeaked", { maxLeaked: 0.5 }],
  ["overflow", { overflow: "drop" as "block" }],
];

for (const [name, options] of WRONG) {
  test(`createPool() refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => createPool(options), (error: RangeError) => {
      return error instanceof RangeError && error.message.includes(name);
    });
  });
}

test("a pool refuses wrong jobs and sizes and stays as it was", async () => {
  const pool = createPool({ size: 1, maxQueued: 0 });
  assert.throws(() => pool.resize(0), RangeError);
  assert.throws(() => pool.post(() => {}, { timeoutMs: NaN }), RangeError);
  assert.throws(() => pool.post("work" as unknown as Work<void>), TypeError);
  await assert.rejects(pool.submit(() => {}, { roomTimeoutMs: -1 }), RangeError);
  assert.equal(pool.size, 1);
  assert.equal(pool.stats().offered, 0);
  pool.post(never);
  await assert.rejects(pool.submit(() => {}, { roomTimeoutMs: 0 }), PoolFullError);
});
