import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FilterError, type TailFilter } from "../src/tail/filter.ts";
import { createTail, type SeekProgress, type Tail } from "../src/tail/hub.ts";
import { defaultTail } from "../src/tail/default_tail.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { openPipeline } from "../src/pipeline/open.ts";
import { chunkOf, describe, numbered, readAll, recordAt, TestLog } from "./support/tail_log.ts";

const START_2026 = Date.UTC(2026, 0);

function bytesOf(tail: Tail): Uint8Array {
  const read = tail.cursor("kept").next();
  assert.ok(!(read instanceof Promise) && read.kind === "lines");
  return read.bytes;
}

test("write() keeps bytes as they are: lone CR, NUL, invalid UTF-8, a byte order mark", () => {
  const tail = createTail();
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 65, 13, 66, 0, 0xff, 0xc3, 13, 10, 10, 0x80]);
  tail.write(bytes);
  bytes.fill(88);
  assert.deepEqual(
    [...bytesOf(tail)],
    [0xef, 0xbb, 0xbf, 65, 13, 66, 0, 0xff, 0xc3, 13, 10, 10, 0x80, 10],
  );
  assert.deepEqual(tail.recent(3), ["\ufeffA\rB\0\ufffd\ufffd\r", "", "\ufffd"]);
  assert.equal(tail.stats().nextSeq, 4);
});

test("write() takes lone surrogates as U+FFFD and pairs whole", () => {
  const tail = createTail();
  tail.write("a\ud800b\udc00c😀");
  assert.deepEqual(tail.recent(1), ["a\ufffdb\ufffdc😀"]);
});

test("a line that begins with a byte order mark keeps it wherever a read begins", async () => {
  const tail = createTail();
  tail.write("one\n\ufefftwo");
  assert.deepEqual(await readAll(tail.cursor({ seq: 2 })), ["\ufefftwo"]);
  assert.deepEqual(tail.recent(1), ["\ufefftwo"]);
});

test("write() makes a record the line that a pipeline makes of it, and it is not raw", async () => {
  const clock = fakeClock(START_2026);
  const tail = createTail({ clock });
  const record = {
    msg: 'say "hi"\n\ud800',
    level: "warn",
    logger: "db",
    fields: { n: 1n },
  } as const;
  tail.write(record);
  await using pipeline = await openPipeline({ clock, sinks: {} });
  pipeline.write(record);
  await pipeline.durable();
  assert.deepEqual(tail.recent(1), pipeline.tail.recent(1));
  tail.write("text\nmore");
  tail.write('{"msg":"looks like one"}');
  tail.write({ msg: "again" });
  const cursor = tail.cursor("kept");
  const kinds: unknown[] = [];
  for (let read = await cursor.next(); read.kind === "lines"; read = await cursor.next()) {
    kinds.push([read.raw, read.from, read.to]);
  }
  assert.deepEqual(kinds, [[false, 1, 1], [true, 2, 4], [false, 5, 5]]);
});

test("write() refuses what is no record with a TypeError that says what to pass", () => {
  const tail = createTail();
  const cases: readonly [unknown, RegExp][] = [
    [{}, /msg is undefined, pass a string/],
    [{ msg: "x", level: "loud" }, /level is "loud", use one of trace/],
    [{ msg: "x", fields: [] }, /fields is an array, pass an object/],
    [null, /pass text, bytes, or an object with a string msg/],
    [undefined, /pass text, bytes, or an object/],
    [42, /pass text, bytes, or an object/],
    [[], /pass an object with a string msg/],
  ];
  for (const [value, message] of cases) {
    assert.throws(() => tail.write(value as string), (error: unknown) => {
      assert.ok(error instanceof TypeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
  assert.equal(tail.stats().nextSeq, 1);
});

test("a line larger than the ring is cut: text at a character, what is no UTF-8 anywhere", () => {
  const tail = createTail({ maxBytes: 256, keepBytes: 128 });
  tail.write("€".repeat(500));
  assert.match(tail.recent(1)[0] ?? "", /^€+… cut, 1500 bytes$/);
  tail.write(new Uint8Array(5000).fill(0x80));
  assert.match(tail.recent(1)[0] ?? "", /^\ufffd{50,}… cut, 5000 bytes$/);
  assert.ok(tail.stats().bytes <= 128);
  tail.write({ msg: "x".repeat(4000), level: "error", logger: "db" });
  const { level, logger, truncated, msg } = JSON.parse(tail.recent(1)[0] ?? "");
  assert.deepEqual([level, logger, truncated > 4000, msg.length > 10], ["error", "db", true, true]);
  tail.write(`{"msg":"${"x".repeat(2_000_000)}"}`);
  assert.match(tail.recent(1)[0] ?? "", /^\{"msg":"x+… cut, 2000010 bytes$/);
});

test("the tail of a pipeline takes no lines of its own, which would displace records", async () => {
  await using pipeline = await openPipeline({ sinks: {} });
  assert.throws(() => pipeline.tail.write("x"), /write to the pipeline/);
  pipeline.write("kept");
  await pipeline.durable();
  assert.equal(JSON.parse(pipeline.tail.recent(1)[0] ?? "{}").msg, "kept");
});

test("defaultTail() is one for the process, until it is closed", () => {
  const tail = defaultTail();
  assert.equal(defaultTail(), tail);
  tail.write("x");
  tail.close();
  assert.notEqual(defaultTail(), tail);
  assert.equal(defaultTail().stats().nextSeq, 1);
  defaultTail().close();
});

test("mount() gives the ring 4 MiB, unless its size was chosen", async () => {
  const MiB = 1024 * 1024;
  const mounted = (tail: Tail) => {
    tail.mount();
    tail.mount();
    return tail.stats().maxBytes;
  };
  assert.equal(mounted(createTail()), 4 * MiB);
  assert.equal(mounted(createTail({ maxBytes: 16384 })), 16384);
  const resized = createTail();
  resized.resize(1000);
  assert.equal(mounted(resized), 1000);
  const keeps = createTail({ keepBytes: 200 });
  assert.equal(mounted(keeps), 4 * MiB);
  keeps.write("x".repeat(99) + "\n" + ("y".repeat(1023) + "\n").repeat(4096));
  assert.equal(keeps.stats().bytes, 1024);
  for (const [options, size] of [[{}, 4 * MiB], [{ tail: { maxBytes: 9999 } }, 9999]] as const) {
    await using pipeline = await openPipeline({ sinks: {}, ...options });
    assert.equal(mounted(pipeline.tail), size);
  }
});

test("a place that cannot be is refused, and says what is allowed", () => {
  const tail = createTail();
  const refused: readonly [unknown, RegExp][] = [
    [{ seq: NaN }, /Invalid seq NaN of a tail: use a sequence number/],
    [{ seq: 1.5 }, /Invalid seq 1.5/],
    [{ last: -1 }, /Invalid last -1 of a tail: use an integer of at least 0/],
    [{ last: NaN }, /Invalid last NaN/],
    [{ since: NaN }, /Invalid since NaN: use milliseconds/],
    [{ since: 1e20 }, /Invalid since/],
    ["now", /Invalid place in a tail: use "live", "kept"/],
    [{}, /Invalid place/],
    [null, /Invalid place/],
  ];
  for (const [from, message] of refused) {
    assert.throws(() => tail.cursor(from as "live"), message);
  }
  assert.throws(() => tail.recent(NaN), /Invalid n NaN/);
  assert.throws(() => tail.readable({ maxBytes: 0 }), /Invalid maxBytes 0 of a batch/);
  assert.throws(() => tail.readable({ filter: 7 as unknown as () => true }), FilterError);
  assert.throws(() => tail.cursor("live").skipTo(NaN), /Invalid seq NaN/);
  assert.throws(() => createTail({ nextSeq: NaN }), /Invalid nextSeq NaN/);
  assert.equal(tail.stats().clients, 1);
});

test("skipTo() moves neither back nor past the newest", async () => {
  const tail = createTail();
  tail.push(chunkOf(1, numbered(1, 10)));
  const cursor = tail.cursor("kept");
  assert.deepEqual(cursor.skipTo(4), { kind: "gap", from: 1, to: 3, count: 3, reason: "slow" });
  assert.equal(cursor.skipTo(2).count, 0);
  assert.equal(cursor.seq, 4);
  assert.equal(cursor.skipTo(1000).count, 7);
  tail.push(chunkOf(11, ["n11"]));
  assert.deepEqual(await readAll(cursor), ["n11"]);
  assert.deepEqual([tail.stats().gaps, tail.stats().missed], [3, 10]);
});

test("recent() gives the newest that a filter lets pass, oldest first", () => {
  const tail = createTail();
  tail.push(chunkOf(1, numbered(1, 100)));
  assert.deepEqual(tail.recent(3, (line) => line.endsWith("7")), ["n77", "n87", "n97"]);
  assert.deepEqual(tail.recent(3, () => false), []);
  assert.deepEqual(tail.recent(0), []);
});

test("recent() gives what it found when it was called, though its filter writes", () => {
  const tail = createTail({ maxBytes: 256 });
  for (let seq = 1; seq <= 100; seq++) tail.push(chunkOf(seq, [`n${seq}`]));
  const writes = (): boolean => {
    tail.push(chunkOf(tail.stats().nextSeq, numbered(1, 30, 4)));
    return true;
  };
  assert.deepEqual(tail.recent(3, writes), ["n98", "n99", "n100"]);
});

test("a filtered stream gives what matches with its numbers, and every gap", async () => {
  const log = new TestLog(true);
  const tail = createTail({ maxBytes: 256, history: log.reader });
  tail.push(log.append(numbered(1, 200)));
  log.trimmedSeq = 40;
  const filter = (line: string): boolean => /[05]$/.test(line);
  const stream = tail.readable({ from: { seq: 30 }, filter, maxBytes: 50 });
  tail.close();
  const got: string[] = [];
  let next = 30;
  for await (const read of stream) {
    assert.ok(read.from >= next);
    next = read.to + 1;
    got.push(...describe(read as Parameters<typeof describe>[0]));
    if (read.kind === "gap") continue;
    read.lines().forEach((line, i) => assert.equal(line, `n${read.seqAt(i)}`));
    assert.equal(new TextDecoder().decode(read.bytes), read.lines().join("\n") + "\n");
  }
  const wanted = numbered(40, 200).filter(filter);
  assert.deepEqual(got, ["gap 30-39 (10) trimmed", ...wanted]);
  assert.deepEqual([tail.stats().clients, log.readers], [0, 0]);
});

test("for await over a tail gives lines and gaps, and a break closes the reader", async () => {
  const tail = createTail();
  tail.write("a\nb");
  for await (const read of tail) {
    assert.deepEqual(read.kind === "lines" && read.lines(), ["a", "b"]);
    assert.equal(tail.stats().clients, 1);
    break;
  }
  assert.equal(tail.stats().clients, 0);
});

test("an abort ends a stream with the signal's reason, whatever it was doing, and leaks nothing", async () => {
  const log = new TestLog(true);
  const tail = createTail({ maxBytes: 256, history: log.reader, clock: fakeClock() });
  tail.push(log.append(numbered(1, 500)));
  const stop = new AbortController();
  const { signal } = stop;
  const idle = tail.readable({ signal }).getReader();
  const waiting = tail.readable({ from: "live", signal }).getReader();
  const reading = tail.readable({ from: { seq: 1 }, signal }).getReader();
  const scanning = tail.readable({ from: { seq: 1 }, filter: () => false, signal }).getReader();
  const reads = [waiting.read(), reading.read(), scanning.read()];
  assert.equal(tail.stats().clients, 4);
  stop.abort(new Error("enough"));
  for (const read of [...reads, idle.read()]) await assert.rejects(read, /enough/);
  const late = tail.readable({ signal }).getReader();
  await assert.rejects(late.read(), /enough/);
  assert.deepEqual([tail.stats().clients, log.readers], [0, 0]);
});

test("cancel during a read of history closes its reader", async () => {
  const log = new TestLog(true);
  const tail = createTail({ maxBytes: 256, history: log.reader });
  tail.push(log.append(numbered(1, 500)));
  const reader = tail.readable({ from: { seq: 1 } }).getReader();
  const read = reader.read();
  while (log.readers < 1) await Promise.resolve();
  assert.equal(log.readers, 1);
  await reader.cancel();
  assert.equal((await read).done, true);
  assert.deepEqual([tail.stats().clients, log.readers], [0, 0]);
});

test("closing a cursor ends its waits", async () => {
  const tail = createTail({ clock: fakeClock() });
  const cursor = tail.cursor("live");
  const waits = [cursor.wait(), cursor.wait(undefined, 1000)];
  cursor.close();
  await Promise.all(waits);
});

test("in the ring a reader holds no reader of history", async () => {
  const log = new TestLog(false);
  const tail = createTail({ maxBytes: 256, history: log.reader });
  tail.push(log.append(numbered(1, 500)));
  const cursor = tail.cursor({ seq: 1 });
  await cursor.next();
  assert.equal(log.readers, 1);
  assert.deepEqual((await readAll(cursor)).at(-1), "n500");
  assert.equal(log.readers, 0);
});

test("history that fails ends one read, not the reader, and no other", async () => {
  for (const isAsync of [false, true]) {
    const log = new TestLog(isAsync);
    const tail = createTail({ maxBytes: 256, history: log.reader });
    tail.push(log.append(numbered(1, 300)));
    const cursor = tail.cursor({ seq: 1 });
    log.failures = 2;
    const stream = tail.readable({ from: { seq: 1 } }).getReader();
    await assert.rejects(stream.read(), /the disk fails/);
    await assert.rejects(async () => await cursor.next(), /the disk fails/);
    assert.deepEqual(await readAll(cursor), numbered(1, 300));
    using other = tail.cursor("kept");
    assert.equal((await readAll(other)).at(-1), "n300");
    cursor.close();
    assert.deepEqual([tail.stats().clients, log.readers], [1, 0]);
  }
});

test("{ since } begins at the first record of that time, in the ring and in history", async () => {
  const times = fc.array(fc.nat(5), { minLength: 1, maxLength: 80 });
  const property = fc.asyncProperty(
    times,
    fc.nat(450),
    fc.nat(60),
    fc.constantFrom("none", "sync", "async"),
    async (steps, at, trim, history) => {
      const log = new TestLog(history === "async");
      const tail = createTail(
        history === "none" ? { maxBytes: 9999 } : { maxBytes: 512, history: log.reader },
      );
      let time = 0;
      const lines = steps.map((step, i) => recordAt(time += step, `n${i + 1}`));
      for (const line of lines) tail.push(log.append([line]));
      if (history !== "none") log.trimmedSeq = Math.max(1, Math.min(trim, tail.stats().firstSeq));
      const cursor = tail.cursor({ since: START_2026 + at });
      const got = await readAll(cursor);
      cursor.close();
      const kept = history === "none" ? lines : lines.slice(Math.max(0, log.trimmedSeq - 1));
      const since = new Date(START_2026 + at).toISOString();
      assert.deepEqual(got, kept.filter((line) => JSON.parse(line).time >= since));
      assert.equal(log.readers, 0);
      assert.equal(tail.stats().missed, 0);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test("{ since } reads few frames of a long history", async () => {
  const log = new TestLog(true, 1, 50);
  const tail = createTail({ maxBytes: 512, history: log.reader });
  for (let i = 0; i < 20_000; i++) log.append([recordAt(i, "x")]);
  tail.push(log.append([recordAt(20_000, "last")]));
  const cursor = tail.cursor({ since: START_2026 + 12_345 });
  const read = await cursor.next();
  assert.equal(read.kind === "lines" && read.from, 12_346);
  assert.ok(log.reads < 25, `${log.reads} reads`);
  const { reads } = log;
  tail.push(log.append([recordAt(20_001, "newer")]));
  const inRing = await tail.cursor({ since: START_2026 + 20_001 }).next();
  assert.equal(inRing.kind === "lines" && inRing.from, 20_002);
  assert.equal(log.reads, reads);
});

test("a frame of history is read once, however small the batches", async () => {
  const log = new TestLog(true, 1, 100);
  const tail = createTail({ maxBytes: 256, history: log.reader });
  tail.push(log.append(numbered(1, 400)));
  const cursor = tail.cursor({ seq: 1 });
  assert.deepEqual(await readAll(cursor, 20), numbered(1, 400));
  assert.ok(log.reads <= 4, `${log.reads} reads`);
});

test("a reader that is moved on during a read of history goes on from its new place", async () => {
  for (const kind of ["end", "gap", "lines"] as const) {
    const log = new TestLog(true);
    const tail = createTail({ maxBytes: 256, history: log.reader });
    const chunk = log.append(numbered(1, 300));
    tail.push(chunk);
    if (kind === "end") log.lines.length = 0;
    if (kind === "gap") log.trimmedSeq = 10;
    const cursor = tail.cursor({ seq: 5 });
    const pending = cursor.next();
    assert.equal(cursor.skipTo(299).count, 294);
    const read = await pending;
    assert.deepEqual(read.kind === "lines" && read.lines(), ["n299", "n300"]);
    assert.deepEqual(await cursor.next(), { kind: "end" });
  }
});

test("{ since } shows lines that have no time rather than to hide them", async () => {
  const tail = createTail();
  tail.write("text");
  const since = { since: START_2026 + 10 };
  assert.deepEqual(await readAll(tail.cursor(since)), ["text"]);
  tail.write({ msg: "old", time: START_2026 });
  tail.write("of old or later");
  tail.write('{"time":"10:00"}\n{"time":1767225600000,"msg":"x"}\n{"time":');
  assert.deepEqual((await readAll(tail.cursor(since)))[0], "of old or later");
  tail.write({ msg: "new", time: START_2026 + 10 });
  assert.equal((await readAll(tail.cursor(since))).length, 5);
});

test("a cursor that is skipped or closed while it looks for a time stays where it was put", async () => {
  const log = new TestLog(true);
  const tail = createTail({ maxBytes: 512, history: log.reader });
  for (let i = 0; i < 100; i++) tail.push(log.append([recordAt(i, `n${i}`)]));
  const skipped = tail.cursor({ since: START_2026 });
  const read = skipped.next();
  skipped.skipTo(99);
  const first = await read;
  assert.equal(first.kind === "lines" && first.from, 99);
  const closed = tail.cursor({ since: START_2026 });
  const pending = closed.next();
  closed.close();
  assert.deepEqual(await pending, { kind: "end" });
  skipped.close();
  assert.equal(log.readers, 0);
});

test("seekBack() finds the place with so many matches behind it, or the oldest", async () => {
  const property = fc.asyncProperty(
    fc.record({
      count: fc.nat(3000),
      every: fc.integer({ min: 1, max: 700 }),
      matches: fc.nat(40),
      trim: fc.nat(2000),
      maxScanned: fc.option(fc.nat(3000), { nil: undefined }),
      history: fc.constantFrom("none", "sync", "async"),
    }),
    async ({ count, every, matches, trim, maxScanned, history }) => {
      const log = new TestLog(history === "async", 1, 100);
      const tail = createTail(
        history === "none" ? { maxBytes: 4096 } : { maxBytes: 4096, history: log.reader },
      );
      if (count > 0) tail.push(log.append(numbered(1, count)));
      log.trimmedSeq = Math.max(1, Math.min(trim, tail.stats().firstSeq));
      const progress: SeekProgress[] = [];
      const matcher = (line: string): boolean => Number(line.slice(1)) % every === 0;
      const options = { matches, matcher, onProgress: (p: SeekProgress) => void progress.push(p) };
      const seq = await tail.seekBack(
        maxScanned === undefined ? options : { ...options, maxScanned },
      );
      const oldest = Math.max(
        history === "none" ? tail.stats().firstSeq : log.trimmedSeq,
        count + 1 - (maxScanned ?? Infinity),
      );
      const all = Array.from({ length: count + 1 - oldest }, (_, i) => oldest + i)
        .filter((n) => n % every === 0);
      const expected = matches === 0 ? count + 1 : all.at(-matches) ?? oldest;
      if (all.length >= matches || count > 0) assert.equal(Math.max(seq, oldest), expected);
      const last = progress.at(-1);
      assert.deepEqual(last, { at: seq, found: Math.min(matches, all.length), done: true });
      assert.deepEqual([tail.stats().clients, tail.stats().missed, log.readers], [0, 0, 0]);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test("seekBack() gives the event loop its turns, tells how far it is, and ends on abort", async () => {
  const clock = fakeClock();
  const log = new TestLog(false, 1, 100);
  // Every look at the clock takes 7 ms.
  let now = 0;
  const slow = { ...clock, monotonic: () => now += 7 };
  const tail = createTail({ maxBytes: 512, history: log.reader, clock: slow });
  tail.push(log.append(numbered(1, 5000)));
  const progress: SeekProgress[] = [];
  const onProgress = (p: SeekProgress): void => void progress.push(p);
  assert.equal(await tail.seekBack({ matches: 1, matcher: (l) => l === "n17", onProgress }), 17);
  assert.ok(progress.length > 5);
  assert.ok(progress.every(({ at }, i) => i === 0 || at <= (progress[i - 1]?.at ?? 0)));
  const stop = new AbortController();
  const matcher = (line: string): boolean => {
    if (line === "n3000") stop.abort(new Error("gone"));
    return false;
  };
  const { signal } = stop;
  await assert.rejects(tail.seekBack({ matches: 1, matcher, signal }), /gone/);
  await assert.rejects(tail.seekBack({ matches: NaN, matcher }), /Invalid matches NaN/);
  await assert.rejects(tail.seekBack({ matches: 1, matcher, signal }), /gone/);
  const throwing = tail.seekBack({ matches: 1, matcher: () => assert.fail("a bad matcher") });
  await assert.rejects(throwing, /a bad matcher/);
  assert.equal(log.readers, 0);
  assert.equal(await tail.seekBack({ matches: 2, matcher: () => true, before: 100 }), 98);
});

test("every reader takes a query line, a filter or a function", async () => {
  const tail = createTail();
  tail.write({ level: "error", msg: "timeout" });
  tail.write({ msg: "timeout of healthz" });
  tail.write({ level: "warn", msg: "retry after timeout", fields: { user: { id: 42 } } });
  const wanted = ["timeout", "retry after timeout"];
  const of = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).msg);
  const filter: TailFilter = { min: "warn", text: ["timeout"] };
  assert.deepEqual(of(tail.recent(9, "timeout -healthz level>=warn")), wanted);
  assert.deepEqual(of(tail.recent(9, filter)), wanted);
  assert.deepEqual(of(tail.recent(9, (line) => line.includes('"id":42'))), wanted.slice(1));
  assert.deepEqual(of(tail.recent(9, "user.id=42")), wanted.slice(1));
  assert.throws(() => tail.recent(9, 'timeout "open'), (error: unknown) => {
    assert.ok(error instanceof FilterError);
    assert.equal(error.column, 9);
    return true;
  });
  tail.close();
  for await (const read of tail.readable({ filter })) {
    assert.ok(read.kind === "lines");
    assert.deepEqual(of(read.lines()), wanted);
  }
});
