import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createBuffer, createRing } from "../mod.ts";

test("createRing() behaves like an array of bounded length", () => {
  const commands = fc.array(fc.oneof(fc.nat(1000), fc.constant("shift" as const)));
  fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), commands, (capacity, steps) => {
    const ring = createRing<number>(capacity);
    const model: number[] = [];
    for (const step of steps) {
      if (step === "shift") assert.equal(ring.shift(), model.shift());
      else {
        const fits = model.length < capacity;
        if (fits) model.push(step);
        assert.equal(ring.push(step), fits);
      }
      assert.equal(ring.size, model.length);
      assert.equal(ring.peek(), model[0]);
    }
  }));
});

for (const capacity of [0, -1, 1.5, NaN, 2 ** 31]) {
  test(`createRing(${capacity}) throws a RangeError that says what is allowed`, () => {
    assert.throws(() => createRing(capacity), {
      name: "RangeError",
      message: /whole number from 1/,
    });
  });
}

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
