import assert from "node:assert/strict";
import { test } from "node:test";
import { type Buffer, type BufferOptions, createBuffer, type Level } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

function fullBuffer(options: BufferOptions<string> = {}): Buffer<string> {
  const buffer = createBuffer<string>({ strategy: { highWaterMark: 1 }, ...options });
  buffer.push("first");
  return buffer;
}

test("append() takes at once what fits and resolves to true", async () => {
  const buffer = createBuffer<string>();
  assert.equal(await buffer.append("a"), true);
  assert.deepEqual(buffer.popMany(), ["a"]);
});

test("append() serves those who wait first come, first served; nobody overtakes them", async () => {
  const buffer = fullBuffer();
  const order: string[] = [];
  const waits = ["a", "b", "c"].map((item) => buffer.append(item).then(() => order.push(item)));
  const taken: (string | undefined)[] = [];
  for (let i = 0; i < 4; i++) {
    taken.push(buffer.shift());
    assert.equal(buffer.push("late"), i === 3, "the room belongs to who waited");
  }
  await Promise.all(waits);
  assert.deepEqual(taken, ["first", "a", "b", "c"]);
  assert.deepEqual(order, ["a", "b", "c"]);
});

test("append() ends in BufferFullError after timeoutMs, and the item never appears later", async () => {
  const clock = fakeClock();
  const buffer = fullBuffer({ clock });
  const late = assert.rejects(buffer.append("late", { timeoutMs: 100 }), {
    name: "BufferFullError",
    message: /within 100 ms/,
  });
  const patient = buffer.append("patient", { timeoutMs: 200 });
  await clock.advance(100);
  await late;
  assert.equal(buffer.waiting, 1);
  assert.equal(buffer.shift(), "first");
  assert.equal(await patient, true);
  assert.deepEqual(buffer.popMany(), ["patient"]);
  assert.equal(clock.pending, 0, "no timer is left behind");
});

test("append() with timeoutMs 0 does not wait", async () => {
  const buffer = fullBuffer();
  await assert.rejects(buffer.append("x", { timeoutMs: 0 }), { name: "BufferFullError" });
  buffer.shift();
  assert.equal(await buffer.append("y", { timeoutMs: 0 }), true);
  assert.deepEqual(buffer.popMany(), ["y"]);
});

test("append() rejects with the reason of its signal, and the item is never taken", async () => {
  const buffer = fullBuffer();
  const abort = new AbortController();
  const reason = { any: "value" };
  const aborted = assert.rejects(
    buffer.append("x", { signal: abort.signal }),
    (error) => error === reason,
  );
  const next = buffer.append("next");
  abort.abort(reason);
  await aborted;
  buffer.shift();
  await next;
  assert.deepEqual(buffer.popMany(), ["next"]);
  await assert.rejects(
    buffer.append("y", { signal: abort.signal }),
    (error) => error === reason,
  );
  assert.equal(buffer.size, 0);
});

test("those who wait are bounded too", async () => {
  const buffer = fullBuffer({ maxWaiters: 2 });
  const waits = [buffer.append("a"), buffer.append("b")];
  await assert.rejects(buffer.append("c"), {
    name: "BufferFullError",
    message: /2 wait for some already/,
  });
  assert.equal(buffer.waiting, 2);
  for (let i = 0; i < 3; i++) buffer.shift();
  assert.deepEqual(await Promise.all(waits), [true, true]);
});

test("wake() ends the waits without taking the items", async () => {
  const buffer = fullBuffer();
  const waiting = buffer.append("x");
  const { ready } = buffer;
  buffer.wake();
  assert.equal(await waiting, false);
  await ready;
  assert.deepEqual(buffer.popMany(), ["first"]);
});

test("append() never waits where the policy drops", async () => {
  const newest = fullBuffer({ overflow: "drop-newest" });
  assert.equal(await newest.append("x"), false);
  assert.deepEqual(newest.popMany(), ["first"]);
  const oldest = fullBuffer({ overflow: "drop-oldest" });
  assert.equal(await oldest.append("x"), true);
  assert.deepEqual(oldest.popMany(), ["x"]);
});

test("onTaken is called when the item is taken, before anything else can run", async () => {
  const buffer = fullBuffer();
  let taken = 0;
  const waiting = buffer.append("x", { onTaken: () => taken++ });
  assert.equal(taken, 0);
  buffer.shift();
  assert.equal(taken, 1);
  await waiting;
  await buffer.append("y", { timeoutMs: 0, onTaken: () => taken++ }).catch(() => {});
  assert.equal(taken, 1);
});

test("with reserve an error waits for no ordinary record that came before it", async () => {
  const levelOf = (text: string): Level => text.startsWith("error") ? "error" : "info";
  const buffer = createBuffer<string>({ strategy: { highWaterMark: 2 }, reserve: 1, levelOf });
  for (const item of ["a", "error1"]) buffer.push(item);
  const ordinary = buffer.append("b");
  const urgent = buffer.append("error2");
  assert.equal(buffer.shift(), "a");
  assert.equal(await urgent, true);
  assert.equal(buffer.waiting, 1);
  assert.deepEqual(buffer.popMany(), ["error1", "error2"]);
  assert.equal(await ordinary, true);
});

test("an item that cannot be measured fails for its owner, not for who makes room", async () => {
  const size = (text: string): number => text === "broken" ? NaN : 1;
  const buffer = createBuffer<string>({ strategy: { highWaterMark: 1, size } });
  buffer.push("first");
  const broken = assert.rejects(buffer.append("broken"), { name: "RangeError" });
  const next = buffer.append("next");
  assert.equal(buffer.shift(), "first");
  await broken;
  assert.equal(await next, true);
});

test("append() with waits waits for room with a policy that drops, and nothing is dropped for it", async () => {
  for (const overflow of ["drop-oldest", "drop-newest", "sample", "warn"] as const) {
    const buffer = fullBuffer({ overflow });
    await assert.rejects(buffer.append("late", { waits: true, timeoutMs: 0 }), {
      name: "BufferFullError",
    });
    const wait = buffer.append("next", { waits: true });
    assert.equal(buffer.shift(), "first");
    assert.equal(await wait, true);
    assert.deepEqual([buffer.popMany(), buffer.dropped], [["next"], {}], overflow);
  }
});
