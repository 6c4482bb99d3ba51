/** The faults that an in-memory log with live readers is prone to, each kept away by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { createTail } from "../src/tail/hub.ts";
import { chunkOf, numbered, readAll } from "./support/tail_log.ts";

test("a full buffer keeps the newest lines, not the oldest", () => {
  const tail = createTail({ maxBytes: 1024, keepBytes: 512 });
  for (let seq = 1; seq <= 500; seq++) tail.push(chunkOf(seq, numbered(seq, seq, 15)));
  const { firstSeq, nextSeq, bytes } = tail.stats();
  assert.equal(nextSeq, 501);
  assert.ok(bytes >= 512 && bytes <= 1024, `${bytes}`);
  assert.deepEqual(tail.recent(Infinity), numbered(firstSeq, 500, 15));
});

test("a new buffer is empty: no NUL byte stands before the first line", () => {
  const tail = createTail();
  assert.deepEqual(tail.recent(Infinity), []);
  assert.equal(tail.stats().bytes, 0);
  tail.write("first");
  const read = tail.cursor("kept").next();
  assert.ok(!(read instanceof Promise) && read.kind === "lines");
  assert.deepEqual(read.bytes, new TextEncoder().encode("first\n"));
});

test("what a reader holds stays what it was, however the buffer is cut and written over", () => {
  const tail = createTail({ maxBytes: 256, keepBytes: 128 });
  tail.push(chunkOf(1, numbered(1, 64, 3)));
  const reads = [tail.cursor("kept").next(100), tail.cursor("kept").next()].map((read) => {
    assert.ok(!(read instanceof Promise) && read.kind === "lines");
    return { read, before: read.bytes.slice() };
  });
  for (let seq = 65; seq < 300; seq++) tail.push(chunkOf(seq, [`over ${seq}`]));
  tail.resize(1000);
  tail.resize(256);
  for (const { read, before } of reads) {
    assert.deepEqual(read.bytes, before);
    assert.deepEqual(read.lines(), numbered(1, read.to, 3));
  }
});

test("between replay and live no record comes twice and none waits", async () => {
  for (let joinAt = 0; joinAt <= 60; joinAt++) {
    const clock = fakeClock();
    const tail = createTail({ clock });
    const got: string[] = [];
    let subscription;
    for (let seq = 1; seq <= 60; seq++) {
      if (seq === joinAt) {
        subscription = tail.subscribe({ from: "kept" }, (line) => void got.push(line));
      }
      tail.push(chunkOf(seq, [`n${seq}`]));
      if (seq % 7 === 0) await Promise.resolve();
    }
    subscription ??= tail.subscribe({ from: "kept" }, (line) => void got.push(line));
    await clock.advance(50);
    assert.deepEqual(got, numbered(1, 60), `joined at ${joinAt}`);
    assert.equal(subscription.lag, 0);
    tail.close();
    await subscription.ended;
  }
});

test("a reader that is stuck holds up neither the writer nor the other readers", async () => {
  const clock = fakeClock();
  const tail = createTail({ maxBytes: 1024, clock });
  const got: string[] = [];
  const stuck = tail.subscribe((): Promise<void> => new Promise(() => {}));
  tail.subscribe((line) => void got.push(line));
  await clock.advance(0);
  const unread = tail.cursor("live");
  for (let seq = 1; seq <= 1000; seq++) {
    tail.push(chunkOf(seq, [`n${seq}`]));
    if (seq % 50 === 0) await clock.advance(50);
  }
  assert.deepEqual(got, numbered(1, 1000));
  assert.equal(stuck.delivered, 1);
  const { firstSeq } = tail.stats();
  const [gap, ...lines] = await readAll(unread);
  assert.equal(gap, `gap 1-${firstSeq - 1} (${firstSeq - 1}) evicted`);
  assert.deepEqual(lines, numbered(firstSeq, 1000));
});

test("a cut falls between two lines, never in a line or a character", () => {
  const tail = createTail({ maxBytes: 300, keepBytes: 150 });
  for (let seq = 1; seq <= 200; seq++) {
    const line = `${seq}:${"€😀é".repeat(seq % 7)}`;
    tail.push(chunkOf(seq, [line]));
    assert.equal(tail.recent(1)[0], line);
    for (const kept of tail.recent(Infinity)) assert.match(kept, /^\d+:(€😀é)*$/u);
  }
});
