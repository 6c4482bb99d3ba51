import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { createTail, type TailGap, type TailSubscription } from "../src/tail/hub.ts";
import { chunkOf, numbered, TestLog } from "./support/tail_log.ts";

test("subscribe() hands over what comes after the call, in order, never in the writer's call", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock });
  tail.write("before");
  const got: [string, number][] = [];
  using subscription = tail.subscribe((line, seq) => void got.push([line, seq]));
  tail.write("one\ntwo");
  assert.deepEqual(got, []);
  await clock.advance(0);
  assert.deepEqual(got, [["one", 2], ["two", 3]]);
  tail.write("three");
  assert.equal(got.length, 2);
  await clock.advance(50);
  assert.deepEqual(got.at(-1), ["three", 4]);
  assert.deepEqual([subscription.delivered, subscription.lag, subscription.missed], [3, 0, 0]);
});

test("subscribe() takes a filter or options, and refuses a call without a handler", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock });
  const got: string[] = [];
  tail.subscribe((line) => line === "b", (line) => void got.push(`filter ${line}`));
  tail.subscribe({ filter: (line) => line !== "b" }, (line) => void got.push(`options ${line}`));
  tail.subscribe({}, (line) => void got.push(`all ${line}`));
  tail.write("a\nb");
  await clock.advance(50);
  assert.deepEqual(got.sort(), ["all a", "all b", "filter b", "options a"]);
  assert.throws(() => tail.subscribe({} as () => void), /pass a function last/);
  assert.throws(() => tail.subscribe({ from: { seq: NaN } }, () => {}), RangeError);
  assert.equal(tail.stats().subscribers, 3);
});

test("a subscriber that fails is counted, told of once an episode, and gets the next line", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock });
  const said: unknown[] = [];
  const { error } = console;
  console.error = (text) => void said.push(text);
  try {
    const got: string[] = [];
    const failing = tail.subscribe({ name: "mine" }, (line) => {
      got.push(line);
      if (line.startsWith("bad")) throw new Error(`no ${line}`);
    });
    const rejecting = tail.subscribe(
      { onError: (e, line) => void got.push(`${e} at ${line}`) },
      () => Promise.reject("cannot"),
    );
    const odd = tail.subscribe({ filter: () => assert.fail("odd"), onError: () => {} }, () => {});
    const healthy = tail.subscribe(() => {});
    tail.write("bad 1\nbad 2\ngood\nbad 3");
    await clock.advance(100);
    assert.deepEqual(said, [
      'logflume: subscriber "mine" of a tail failed: no bad 1',
      'logflume: subscriber "mine" of a tail failed: no bad 3',
    ]);
    assert.ok(got.includes("cannot at good"));
    const counts = [failing, rejecting, odd, healthy].map((s) => [s.delivered, s.failed]);
    assert.deepEqual(counts, [[4, 3], [4, 4], [0, 4], [4, 0]]);
    assert.equal(tail.stats().failed, 11);
  } finally {
    console.error = error;
  }
});

test("a subscriber learns of every gap, and misses what it was told it misses", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock, maxBytes: 1000 });
  const gaps: TailGap[] = [];
  const got: string[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => release = resolve);
  const slow = tail.subscribe({ onGap: (gap) => void gaps.push(gap) }, async (line) => {
    got.push(line);
    await gate;
  });
  tail.push(chunkOf(1, ["n1"]));
  await clock.advance(50);
  for (let seq = 2; seq <= 500; seq++) tail.push(chunkOf(seq, [`n${seq}`]));
  assert.deepEqual([slow.lag, tail.stats().maxLag], [499, 499]);
  release();
  await clock.advance(50);
  const { firstSeq } = tail.stats();
  assert.deepEqual(gaps.map(({ from, to, count }) => [from, to, count]), [
    [2, firstSeq - 1, firstSeq - 2],
  ]);
  assert.deepEqual(got, ["n1", ...numbered(firstSeq, 500)]);
  assert.equal(slow.missed, firstSeq - 2);
});

test("a subscription ends by dispose, by its signal and with the tail, and leaves nothing behind", async () => {
  const clock = fakeClock();
  const log = new TestLog(true);
  const tail = createTail({ clock, maxBytes: 256, history: log.reader });
  tail.push(log.append(numbered(1, 300)));
  const got = [0, 0, 0];
  const count = (i: number) => (): void => void got[i]!++;
  const stop = new AbortController();
  const disposed = tail.subscribe({ from: { seq: 1 } }, count(0));
  const { signal } = stop;
  const aborted = tail.subscribe({ from: { seq: 1 }, signal }, (_line, seq) => {
    count(1)();
    if (seq === 7) stop.abort();
  });
  const whole = tail.subscribe({ from: { seq: 1 } }, count(2));
  disposed[Symbol.dispose]();
  disposed.unsubscribe();
  tail.close();
  await Promise.all([disposed.ended, aborted.ended, whole.ended]);
  assert.deepEqual(got, [0, 7, 300]);
  const { clients, subscribers } = tail.stats();
  assert.deepEqual([clients, subscribers, log.readers, clock.pending], [0, 0, 0, 0]);
  const late = tail.subscribe({ signal }, () => assert.fail("aborted before"));
  await late.ended;
});

test("history that fails delays a subscriber and loses it nothing", async () => {
  const clock = fakeClock();
  const log = new TestLog(true);
  const tail = createTail({ clock, maxBytes: 256, history: log.reader });
  tail.push(log.append(numbered(1, 300)));
  log.failures = 3;
  const errors: unknown[] = [];
  const got: string[] = [];
  const onError = (error: unknown, line: string | undefined): void =>
    void errors.push([error, line]);
  const subscription = tail.subscribe({ from: { seq: 1 }, onError }, (line) => void got.push(line));
  await clock.advance(500);
  assert.equal(errors.length, 1);
  await clock.advance(3000);
  assert.equal(errors.length, 3);
  assert.deepEqual(got, numbered(1, 300));
  assert.deepEqual([subscription.failed, subscription.missed], [3, 0]);
});

test("many writers and subscribers that come and go: each gets its own stretch, whole and in order", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock, maxBytes: 1024 * 1024 });
  let seed = 1;
  const chance = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  const open: { subscription: TailSubscription; from: number; got: number[] }[] = [];
  let ended = 0;
  const end = (i: number): void => {
    const [{ subscription, from, got }] = open.splice(i, 1) as [(typeof open)[0]];
    subscription.unsubscribe();
    assert.deepEqual(got, Array.from({ length: got.length }, (_, k) => from + k));
    assert.equal(subscription.delivered, got.length);
    ended++;
  };
  const writer = async (name: number): Promise<void> => {
    for (let i = 0; i < 200; i++) {
      tail.write(`${name}:${i}`);
      if (chance(3) === 0) await Promise.resolve();
      if (chance(4) === 0) {
        const got: number[] = [];
        const from = tail.stats().nextSeq;
        open.push({ subscription: tail.subscribe((_l, seq) => void got.push(seq)), from, got });
      }
      if (open.length > 40) end(chance(open.length));
    }
  };
  const writers = Array.from({ length: 20 }, (_, name) => writer(name));
  for (let i = 0; i < 5; i++) await clock.advance(10);
  await Promise.all(writers);
  await clock.advance(100);
  const { nextSeq } = tail.stats();
  assert.equal(nextSeq, 4001);
  for (const { from, got } of open) assert.equal(got.length, nextSeq - from);
  while (open.length > 0) end(0);
  assert.ok(ended > 500);
  assert.deepEqual([tail.stats().clients, tail.stats().subscribers], [0, 0]);
});
