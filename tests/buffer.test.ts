import assert from "node:assert/strict";
import { test } from "node:test";
import { createBuffer, createRing, type DropEpisode, type Level } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { seededRandom } from "../src/testing/random.ts";

for (const capacity of [0, -1, 1.5, NaN, 2 ** 31]) {
  test(`createRing(${capacity}) throws a RangeError that says what is allowed`, () => {
    assert.throws(() => createRing(capacity), {
      name: "RangeError",
      message: /whole number from 1/,
    });
  });
}

test("a ring from min to max doubles when it is full and halves when it is told to", () => {
  const ring = createRing<number>({ min: 2, max: 7 });
  const capacities = [1, 2, 3, 4, 5, 6, 7].map((item) => (ring.push(item), ring.capacity));
  assert.deepEqual(capacities, [2, 2, 4, 4, 7, 7, 7]);
  assert.equal(ring.push(8), false);
  assert.equal(ring.shrink(), false, "seven items do not fit into less");
  assert.deepEqual(ring.popMany(6), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([ring.shrink(), ring.shrink(), ring.shrink()], [true, true, false]);
  assert.equal(ring.capacity, 2);
  assert.equal(ring.shift(), 7);
});

test("a ring takes many items whole or not at all", () => {
  const ring = createRing<number>(3);
  assert.equal(ring.pushMany([1, 2, 3, 4]), false);
  assert.equal(ring.size, 0);
  assert.equal(ring.pushMany([1, 2]), true);
  assert.equal(ring.pushMany([3, 4]), false);
  assert.deepEqual(ring.popMany(), [1, 2]);
});

test("createBuffer() refuses beyond highWaterMark and speaks desiredSize", () => {
  const buffer = createBuffer<string>({ strategy: { highWaterMark: 2 } });
  assert.equal(buffer.desiredSize, 2);
  assert.deepEqual(["a", "b", "c"].map((item) => buffer.push(item)), [true, true, false]);
  assert.equal(buffer.desiredSize, 0);
  assert.equal(buffer.refused, 1);
  assert.equal(buffer.shift(), "a");
  assert.equal(buffer.desiredSize, 1);
});

test("createBuffer() takes the size of a standard QueuingStrategy", () => {
  const strategy = { highWaterMark: 10, size: (text: string) => text.length };
  const buffer = createBuffer<string>({ strategy });
  assert.equal(buffer.push("four"), true);
  assert.equal(buffer.desiredSize, 6);
  assert.equal(buffer.push("sixsix"), true);
  assert.equal(buffer.push("x"), false);
  buffer.shift();
  assert.equal(buffer.desiredSize, 4);
});

test("createBuffer() is full at maxBytes even when there is room for items", () => {
  const buffer = createBuffer<string>({ maxBytes: 100, bytesOf: (text) => text.length });
  assert.equal(buffer.push("x".repeat(99)), true);
  assert.equal(buffer.push("x".repeat(99)), true);
  assert.equal(buffer.push("x"), false);
  buffer.shift();
  assert.equal(buffer.push("x"), true);
});

test("a blocking buffer's ready waits until something is taken", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 1 } });
  await buffer.ready;
  buffer.push(1);
  let ready = false;
  const waiting = buffer.ready.then(() => ready = true);
  await Promise.resolve();
  assert.equal(ready, false);
  buffer.shift();
  await waiting;
  assert.equal(ready, true);
});

test("drop-oldest gives up the oldest, counts it and hands it to onDrop; ready never waits", async () => {
  const dropped: number[] = [];
  const buffer = createBuffer<number>({
    strategy: { highWaterMark: 2 },
    overflow: "drop-oldest",
    onDrop: (item) => dropped.push(item),
  });
  for (const item of [10, 20, 30]) assert.equal(buffer.push(item), true);
  await buffer.ready;
  assert.deepEqual([buffer.shift(), buffer.shift(), buffer.shift()], [20, 30, undefined]);
  assert.deepEqual(dropped, [10]);
  assert.equal(buffer.evicted, 1);
});

test("drop-newest refuses, counts and never makes ready wait", async () => {
  const buffer = createBuffer<number>({
    strategy: { highWaterMark: 1 },
    overflow: "drop-newest",
  });
  assert.equal(buffer.push(1), true);
  assert.equal(buffer.push(2), false);
  await buffer.ready;
  assert.equal(buffer.refused, 1);
  assert.equal(buffer.shift(), 1);
});

test("pushMany() takes all or nothing, and more than the capacity never", () => {
  for (const overflow of ["block", "drop-oldest", "drop-newest", "sample", "warn"] as const) {
    const buffer = createBuffer<number>({
      strategy: { highWaterMark: 3 },
      overflow,
      sampleEvery: 1,
      onWarn: () => {},
    });
    assert.equal(buffer.pushMany([1, 2]), true);
    assert.equal(buffer.pushMany([3, 4, 5, 6]), false, "more than there ever is room for");
    assert.equal(buffer.evicted, 0, "nothing is given up in vain");
    const evicts = overflow === "drop-oldest" || overflow === "sample";
    assert.equal(buffer.pushMany([7, 8]), evicts);
    assert.deepEqual(buffer.popMany(), evicts ? [2, 7, 8] : [1, 2]);
    assert.equal(buffer.refused, evicts ? 4 : 6);
  }
});

test("sample keeps exactly one in k while the buffer is full, the same for the same seed", () => {
  const run = (seed: number): readonly number[] => {
    const random = seededRandom(seed);
    const buffer = createBuffer<number>({
      strategy: { highWaterMark: 10 },
      overflow: "sample",
      sampleEvery: 5,
      random: () => random.below(1000) / 1000,
    });
    let taken = 0;
    for (let i = 0; i < 1010; i++) if (buffer.push(i)) taken++;
    assert.equal(taken, 10 + 1000 / 5);
    assert.deepEqual([buffer.refused, buffer.evicted], [800, 200]);
    assert.deepEqual(buffer.dropped, { sample: { info: 1000 } });
    return buffer.popMany();
  };
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
});

test("warn refuses the newest and warns once an episode", () => {
  const warned: DropEpisode[] = [];
  const buffer = createBuffer<number>({
    strategy: { highWaterMark: 4 },
    overflow: "warn",
    onWarn: (episode) => warned.push(episode),
  });
  const fill = (): void => {
    for (let i = 0; i < 10; i++) buffer.push(i);
  };
  fill();
  // Room for one is no recovery: a buffer at its limit would warn at every record.
  for (let i = 0; i < 10; i++) {
    buffer.shift();
    buffer.push(i);
    buffer.push(i);
  }
  assert.equal(warned.length, 1);
  assert.deepEqual(warned[0], { policy: "warn", dropped: 1, levels: { info: 1 } });
  buffer.popMany(2);
  fill();
  assert.equal(warned.length, 2);
  assert.deepEqual(buffer.dropped, { warn: { info: 6 + 10 + 8 } });
});

test("onRecover tells once what an episode dropped, by level, when half is empty again", () => {
  const told: DropEpisode[] = [];
  const levels: Level[] = ["info", "info", "info", "info", "warn", "error", "info"];
  const buffer = createBuffer<Level>({
    strategy: { highWaterMark: 4 },
    overflow: "drop-newest",
    levelOf: (level) => level,
    onRecover: (episode) => {
      told.push(episode);
      buffer.push("debug");
    },
  });
  for (const level of levels) buffer.push(level);
  buffer.shift();
  assert.deepEqual(told, []);
  assert.equal(buffer.shift(), "info");
  assert.deepEqual(told, [
    { policy: "drop-newest", dropped: 3, levels: { warn: 1, error: 1, info: 1 } },
  ]);
  assert.deepEqual(buffer.popMany(), ["info", "info", "debug"]);
  assert.equal(told.length, 1);
});

test("a listener that throws harms neither the buffer nor its callers", () => {
  const before = console.error;
  const said: string[] = [];
  console.error = (text: string) => void said.push(text);
  try {
    const fail = (): never => {
      throw new Error("listener is broken");
    };
    const buffer = createBuffer<number>({
      strategy: { highWaterMark: 1 },
      overflow: "warn",
      onDrop: fail,
      onWarn: fail,
      onRecover: fail,
    });
    assert.deepEqual([buffer.push(1), buffer.push(2)], [true, false]);
    assert.equal(buffer.shift(), 1);
  } finally {
    console.error = before;
  }
  assert.deepEqual(said, [
    "logflume: onWarn threw listener is broken",
    "logflume: onDrop threw listener is broken",
    "logflume: onRecover threw listener is broken",
  ]);
});

test("reserve lets records at error and above pass while the rest is full", () => {
  const levelOf = (text: string): Level => text.startsWith("error") ? "error" : "info";
  const options = { strategy: { highWaterMark: 4 }, reserve: 2, levelOf };
  const buffer = createBuffer<string>(options);
  assert.equal(buffer.desiredSize, 2);
  assert.deepEqual(["a", "b", "c"].map((item) => buffer.push(item)), [true, true, false]);
  assert.deepEqual(["error1", "error2", "error3"].map((item) => buffer.push(item)), [
    true,
    true,
    false,
  ]);
  assert.deepEqual(buffer.popMany(), ["a", "b", "error1", "error2"], "one order for all");
});

test("with reserve an ordinary record never displaces one at error or above", () => {
  const levelOf = (text: string): Level => text.startsWith("error") ? "error" : "info";
  const buffer = createBuffer<string>({
    strategy: { highWaterMark: 3 },
    overflow: "drop-oldest",
    reserve: 1,
    levelOf,
  });
  for (const item of ["error1", "a", "b", "c"]) assert.equal(buffer.push(item), true);
  assert.equal(buffer.push("error2"), true, "an ordinary one gives way");
  assert.equal(buffer.push("error3"), true);
  assert.equal(buffer.push("d"), false, "all are at error: the newcomer has to go");
  assert.deepEqual(buffer.dropped, { "drop-oldest": { info: 4 } });
  assert.deepEqual(buffer.popMany(), ["error1", "error2", "error3"]);
});

test("reserve keeps its share of the bytes too", () => {
  const buffer = createBuffer<{ level: Level; bytes: number }>({
    strategy: { highWaterMark: 10 },
    reserve: 5,
    maxBytes: 100,
    bytesOf: ({ bytes }) => bytes,
    levelOf: ({ level }) => level,
  });
  assert.equal(buffer.push({ level: "info", bytes: 50 }), true);
  assert.equal(buffer.push({ level: "info", bytes: 1 }), false);
  assert.equal(buffer.push({ level: "fatal", bytes: 49 }), true);
  assert.equal(buffer.push({ level: "fatal", bytes: 1 }), true);
  assert.equal(buffer.push({ level: "fatal", bytes: 1 }), false);
});

test("capacity from min to max grows under load and shrinks when idle, by the clock given", async () => {
  const clock = fakeClock();
  const buffer = createBuffer<number>({ capacity: { min: 10, max: 100 }, clock });
  assert.deepEqual([buffer.capacity, buffer.desiredSize], [10, 100]);
  for (let i = 0; i < 100; i++) assert.equal(buffer.push(i), true);
  assert.equal(buffer.push(100), false);
  assert.equal(buffer.capacity, 100);
  await clock.advance(60_000);
  assert.equal(buffer.capacity, 100, "what is held needs its room");
  assert.equal(buffer.popMany().length, 100);
  await clock.advance(10_000);
  assert.equal(buffer.capacity, 100, "it was in use a moment ago");
  await clock.advance(10_000);
  assert.equal(buffer.capacity, 50);
  await clock.advance(20_000);
  assert.equal(buffer.capacity, 13);
  for (let i = 0; i < 4; i++) {
    buffer.push(i);
    buffer.shift();
  }
  await clock.advance(10_000);
  assert.equal(buffer.capacity, 13, "four of thirteen is more than a quarter");
  await clock.advance(20_000);
  assert.equal(buffer.capacity, 10);
  assert.equal(clock.pending, 0, "at rest there is no timer");
});

test("sizes of 0 fill no buffer", () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 1, size: (item) => item } });
  for (let i = 0; i < 100_000; i++) assert.equal(buffer.push(0), true);
  assert.equal(buffer.popMany().length, 100_000);
});

test("an empty buffer has all its room, whatever rounding did to the sums", () => {
  const measure = (item: number): number => item;
  const buffer = createBuffer<number>({
    strategy: { highWaterMark: 1, size: measure },
    maxBytes: 1,
    bytesOf: measure,
  });
  buffer.push(0.1);
  buffer.push(1e9);
  buffer.popMany();
  assert.equal(buffer.desiredSize, 1);
});

test("an item whose size is no size is refused with an error, and nothing changes", () => {
  for (const size of [NaN, -1, Infinity]) {
    const buffer = createBuffer<string>({ strategy: { highWaterMark: 9, size: () => size } });
    assert.throws(() => buffer.push("x"), { name: "RangeError", message: /of size/ });
    assert.deepEqual([buffer.size, buffer.desiredSize], [0, 9]);
  }
});

test("a closed buffer takes nothing in and gives out what it holds", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 1 } });
  buffer.push(1);
  const waiting = assert.rejects(buffer.append(2), { name: "NotAcceptedError" });
  const ready = buffer.ready;
  buffer.close();
  buffer.close();
  await waiting;
  await ready;
  await buffer.filled;
  assert.equal(buffer.push(3), false);
  await assert.rejects(buffer.append(3), { name: "NotAcceptedError", reason: "closed" });
  assert.deepEqual(buffer.popMany(), [1]);
});

const refusedOptions: readonly (readonly [string, Parameters<typeof createBuffer>[0], RegExp])[] = [
  ["highWaterMark 0", { strategy: { highWaterMark: 0 } }, /highWaterMark of 0/],
  ["highWaterMark Infinity", { strategy: { highWaterMark: Infinity } }, /of Infinity/],
  ["min over max", { capacity: { min: 2, max: 1 } }, /min is at most max/],
  ["strategy and capacity", { strategy: {}, capacity: { min: 1, max: 2 } }, /pass one of them/],
  ["maxBytes alone", { maxBytes: 1 }, /without bytesOf/],
  ["maxBytes 0", { maxBytes: 0, bytesOf: () => 1 }, /maxBytes 0/],
  ["reserve alone", { reserve: 1 }, /without levelOf/],
  [
    "a reserve of all",
    { strategy: { highWaterMark: 4 }, reserve: 4, levelOf: () => "info" },
    /of 4/,
  ],
  ["an unknown policy", { overflow: "drop" as "block" }, /use one of block,/],
  ["sampleEvery 0", { sampleEvery: 0 }, /sampleEvery 0/],
  ["half a waiter", { maxWaiters: 0.5 }, /maxWaiters 0.5/],
];
for (const [name, options, message] of refusedOptions) {
  test(`createBuffer() refuses ${name} and says what is allowed`, () => {
    assert.throws(() => createBuffer(options), { message });
  });
}
