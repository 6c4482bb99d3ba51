import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Clock } from "../src/clock.ts";
import type { LogChunk, LogRead, LogReader } from "../src/storage/store.ts";
import { createTail, type Tail, type TailCursor, type TailRead } from "../src/tail/hub.ts";

const encoder = new TextEncoder();

function chunkOf(firstSeq: number, lines: readonly string[]): LogChunk {
  const bytes = encoder.encode(lines.map((line) => line + "\n").join(""));
  return { firstSeq, count: lines.length, bytes };
}

function numbered(from: number, to: number, width = 0): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `n${from + i}`.padEnd(width, "."));
}

/** Time that stands still until it is moved. */
function stoppedClock(): Clock & { advance(ms: number): void; readonly timers: number } {
  let now = 0;
  const timers = new Set<{ at: number; fn: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    setTimer(fn, delayMs) {
      const timer = { at: now + delayMs, fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    defer: (fn) => queueMicrotask(fn),
    hold: () => () => {},
    get timers() {
      return timers.size;
    },
    advance(ms) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at <= now && timers.delete(timer)) timer.fn();
      }
    },
  };
}

/** A log that keeps all lines and reads them in frames of three. */
function historyOf(lines: readonly string[], async: boolean) {
  let closed = 0;
  const open = (fromSeq: number): LogReader => {
    let next = fromSeq;
    const read = (): LogRead => {
      if (next > lines.length) return { kind: "end" };
      if (next < 1) {
        const gap = { firstSeq: next, count: 1 - next, reason: "trimmed" } as const;
        next = 1;
        return { kind: "gap", gap };
      }
      const some = lines.slice(next - 1, next + 2);
      const chunk = chunkOf(next, some);
      next += some.length;
      return { kind: "lines", chunk };
    };
    return {
      get nextSeq() {
        return next;
      },
      next: () => async ? Promise.resolve().then(read) : read(),
      seek: (seq) => void (next = seq),
      close: () => void closed++,
    };
  };
  return { open, closed: () => closed };
}

async function readAll(cursor: TailCursor, maxBytes?: number): Promise<string[]> {
  const out: string[] = [];
  for (;;) {
    const read = await cursor.next(maxBytes);
    if (read.kind === "end") return out;
    out.push(...describe(read));
  }
}

function describe(read: Exclude<TailRead, { kind: "end" }>): string[] {
  if (read.kind === "lines") return [...read.lines()];
  return [`gap ${read.from}-${read.to} (${read.count}) ${read.reason}`];
}

test("received + gaps = written, in order and without a repeat, whatever is pushed and read", async () => {
  const step = fc.oneof(
    fc.record({
      push: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 12 }),
    }),
    fc.record({ read: fc.integer({ min: 1, max: 700 }), who: fc.nat(2) }),
    fc.record({ resize: fc.integer({ min: 256, max: 2000 }) }),
  );
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 60, size: "max" }),
    fc.constantFrom("none", "sync", "async"),
    async (steps, history) => {
      const written: string[] = [];
      const log = history === "none"
        ? {}
        : { history: historyOf(written, history === "async").open };
      const tail = createTail({ maxBytes: 600, ...log });
      const clients = [0, 1, 2].map(() => ({ cursor: tail.cursor("live"), next: 1 }));
      const take = async (client: { cursor: TailCursor; next: number }, maxBytes: number) => {
        const read = await client.cursor.next(maxBytes);
        if (read.kind === "end") return assert.equal(client.next, written.length + 1);
        assert.equal(read.from, client.next);
        client.next = read.to + 1;
        assert.equal(client.cursor.seq, client.next);
        if (read.kind === "gap") {
          assert.equal(history, "none");
          return assert.equal(read.count, read.to - read.from + 1);
        }
        assert.ok(read.chunk.bytes.length <= maxBytes || read.from === read.to);
        read.lines().forEach((line, i) => assertSameOrCut(line, written[read.from - 1 + i] ?? ""));
      };
      for (const one of steps) {
        if ("push" in one) {
          const lines = one.push.map((size, i) => `${written.length + i}:`.padEnd(size, "x"));
          tail.push(chunkOf(written.length + 1, lines));
          written.push(...lines);
        } else if ("resize" in one) tail.resize(one.resize);
        else await take(clients[one.who] ?? clients[0]!, one.read);
        const { bytes, firstSeq, nextSeq } = tail.stats();
        assert.ok(bytes <= 2000);
        assert.equal(nextSeq, written.length + 1);
        assert.ok(firstSeq < nextSeq || written.length === 0);
      }
      for (const client of clients) {
        while (client.next <= written.length) await take(client, 500);
        await take(client, 500);
      }
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

function assertSameOrCut(line: string, original: string): void {
  if (line === original) return;
  const [kept, note] = line.split("… cut, ");
  assert.equal(note, `${original.length} bytes`);
  assert.ok(original.startsWith(kept ?? "?"));
}

test("a reader at the end stays there when the record before it is cut by a smaller bound", () => {
  const tail = createTail({ maxBytes: 600 });
  const cursor = tail.cursor("live");
  tail.push(chunkOf(1, ["first".padEnd(256, "x")]));
  cursor.next();
  tail.resize(256);
  tail.push(chunkOf(2, ["second".padEnd(128, "x")]));
  const read = cursor.next();
  assert.ok(!(read instanceof Promise) && read.kind === "lines");
  assert.deepEqual(read.lines(), ["second".padEnd(128, "x")]);
  assert.deepEqual(cursor.next(), { kind: "end" });
});

test("a cut keeps the newest lines, whole, and throws the oldest away", () => {
  const tail = createTail({ maxBytes: 1000, keepBytes: 500 });
  for (let seq = 1; seq <= 101; seq++) tail.push(chunkOf(seq, [`n${seq}`.padEnd(9, ".")]));
  assert.equal(tail.stats().bytes, 500);
  assert.deepEqual(tail.recent(1000), numbered(52, 101, 9));
  tail.push(chunkOf(102, numbered(102, 300, 9)));
  assert.deepEqual(tail.recent(1000), numbered(251, 300, 9));
});

test("a new tail holds nothing: no NUL bytes before the first line", () => {
  const tail = createTail();
  assert.deepEqual(tail.recent(10), []);
  assert.deepEqual(tail.cursor("kept").next(), { kind: "end" });
  tail.write("first");
  assert.deepEqual(tail.recent(10), ["first"]);
});

test("what a reader was given does not change when the ring is cut and written over", () => {
  const tail = createTail({ maxBytes: 256, keepBytes: 128 });
  tail.push(chunkOf(1, numbered(1, 64, 3)));
  const read = tail.cursor("kept").next();
  assert.ok(!(read instanceof Promise) && read.kind === "lines");
  const before = read.chunk.bytes.slice();
  for (let seq = 65; seq < 200; seq++) tail.push(chunkOf(seq, [`over ${seq}`]));
  assert.deepEqual(read.chunk.bytes, before);
  assert.deepEqual(read.lines(), numbered(1, 64, 3));
});

test("a reader that joins while lines are written gets each once, in order", async () => {
  const tail = createTail({ maxBytes: 4096 });
  tail.push(chunkOf(1, numbered(1, 50)));
  const cursor = tail.cursor("kept");
  const got: string[] = [];
  for (let seq = 51; seq <= 100; seq++) {
    const read = await cursor.next(20);
    if (read.kind !== "end") got.push(...describe(read));
    tail.push(chunkOf(seq, [`n${seq}`]));
  }
  got.push(...await readAll(cursor));
  assert.deepEqual(got, numbered(1, 100));
});

test("The tail never blocks a writer: a reader that never reads holds up neither the writer nor the others", async () => {
  const clock = stoppedClock();
  const tail = createTail({ maxBytes: 1000, clock });
  const stuck = tail.cursor("live");
  const healthy = tail.cursor("live");
  let got = 0;
  for (let seq = 1; seq <= 1000; seq++) {
    tail.push(chunkOf(seq, [`n${seq}`]));
    if (seq % 50 === 0) got += (await readAll(healthy)).length;
  }
  assert.equal(got, 1000);
  const gap = await stuck.next();
  const { firstSeq } = tail.stats();
  assert.deepEqual(gap, {
    kind: "gap",
    from: 1,
    to: firstSeq - 1,
    count: firstSeq - 1,
    reason: "evicted",
  });
  assert.equal(tail.stats().missed, firstSeq - 1);
});

test("readers are woken once in 50 ms, not once a push", async () => {
  const clock = stoppedClock();
  const tail = createTail({ clock });
  const cursor = tail.cursor("live");
  let woken = 0;
  const waiting = cursor.wait().then(() => woken++);
  for (let seq = 1; seq <= 100; seq++) tail.push(chunkOf(seq, ["x"]));
  assert.equal(clock.timers, 1);
  clock.advance(49);
  await Promise.resolve();
  assert.equal(woken, 0);
  clock.advance(1);
  await waiting;
  assert.equal(woken, 1);
  assert.equal((await readAll(cursor)).length, 100);
});

test("wait() ends on abort with the signal's reason, and when the tail is closed", async () => {
  const tail = createTail({ clock: stoppedClock() });
  const stop = new AbortController();
  const aborted = tail.cursor("live").wait(stop.signal);
  const closed = tail.cursor("live").wait();
  stop.abort(new Error("gone"));
  await assert.rejects(aborted, /gone/);
  tail.close();
  await closed;
  tail.push(chunkOf(1, ["late"]));
  assert.equal(tail.stats().nextSeq, 1);
});

test("a reader behind the ring reads from history, then from the ring, without a gap", async () => {
  for (const async of [false, true]) {
    const lines = numbered(1, 200);
    const history = historyOf(lines, async);
    const tail = createTail({ maxBytes: 256, history: history.open });
    for (let seq = 1; seq <= 200; seq++) tail.push(chunkOf(seq, [`n${seq}`]));
    const cursor = tail.cursor({ seq: 5 });
    assert.deepEqual(await readAll(cursor, 8), lines.slice(4));
    cursor.close();
    assert.equal(history.closed(), 1);
    assert.deepEqual(await readAll(tail.cursor({ last: 7 })), lines.slice(-7));
    assert.deepEqual(await readAll(tail.cursor({ last: 9999 })), lines);
    assert.deepEqual(await readAll(tail.cursor({ seq: -4 })), lines);
  }
});

test("a record larger than the ring is kept, cut and marked, and JSON stays JSON", () => {
  const tail = createTail({ maxBytes: 1000 });
  const record = { time: "2026-01-01T00:00:00.000Z", level: "warn", msg: '€"\n😀'.repeat(2000) };
  const line = JSON.stringify({ ...record, logger: "shop", fields: { big: "x".repeat(5000) } });
  tail.push(chunkOf(1, [line]));
  const [kept = ""] = tail.recent(5);
  const cut = JSON.parse(kept);
  assert.equal(cut.truncated, encoder.encode(line).length);
  assert.equal(cut.level, "warn");
  assert.equal(cut.logger, "shop");
  assert.ok(cut.msg.length > 20 && record.msg.startsWith(cut.msg));
  assert.ok(encoder.encode(kept).length < 500);
  tail.push(chunkOf(2, ["é".repeat(3000)]));
  assert.match(tail.recent(5).at(-1) ?? "", /^é+… cut, 6000 bytes$/);
});

test("write() numbers lines by LF and takes text and bytes", async () => {
  const tail = createTail();
  tail.write("a\nb\n");
  tail.write("");
  tail.write(encoder.encode("c"));
  const read = await tail.cursor("kept").next();
  assert.ok(read.kind === "lines" && read.raw);
  assert.deepEqual([read.from, read.to, read.lines()], [1, 3, ["a", "b", "c"]]);
});

test("a place of another run is told what was lost with it", async () => {
  const log = "0123456789abcdef";
  const tail = createTail({ run: `${log}-2`, nextSeq: 10 });
  tail.push(chunkOf(10, ["n10"]));
  const from = (seq: number, run: string) => readAll(tail.cursor({ seq, run }));
  assert.deepEqual(await from(10, `${log}-1`), ["n10"]);
  assert.deepEqual(await from(14, `${log}-1`), ["gap 10-13 (4) restart", "n10"]);
  assert.deepEqual(await from(14, "another"), ["gap 10-9 (0) restart", "n10"]);
});

test("readable() gives lines as they are pulled and ends with the tail", async () => {
  const tail: Tail = createTail();
  tail.write("a\nb");
  const reader = tail.readable().getReader();
  const first = await reader.read();
  assert.ok(first.value?.kind === "lines");
  assert.deepEqual(first.value.lines(), ["a", "b"]);
  const next = reader.read();
  tail.close();
  assert.equal((await next).done, true);
  assert.equal(tail.stats().clients, 0);
  const cancelled = createTail();
  const stream = cancelled.readable();
  assert.equal(cancelled.stats().clients, 1);
  await stream.cancel();
  assert.equal(cancelled.stats().clients, 0);
});

test("a push that comes again is ignored, and a hole in the sequence is a gap", async () => {
  const tail = createTail();
  tail.push(chunkOf(1, ["n1", "n2"]));
  const cursor = tail.cursor("live");
  tail.push(chunkOf(1, ["n1", "n2", "n3"]));
  assert.deepEqual(await readAll(cursor), ["n3"]);
  tail.push(chunkOf(9, ["n9"]));
  assert.deepEqual(await readAll(cursor), ["gap 4-8 (5) evicted", "n9"]);
});

test("sizes out of range are refused with what is allowed", () => {
  assert.throws(() => createTail({ maxBytes: 10 }), /Invalid maxBytes 10 .* at least 256/);
  assert.throws(() => createTail({ keepBytes: 99999 }), /Invalid keepBytes 99999 .* 128 to 16384/);
});

test("text of any characters and any length is kept as it was written", () => {
  const character = fc.constantFrom("a", "é", "中", "🎉", "\ud800", "\0");
  const length = fc.oneof(fc.nat(20), fc.integer({ min: 5000, max: 6000 }), fc.nat(40_000));
  const text = fc.tuple(character, length, fc.boolean()).map(([character, length, isEnded]) =>
    "x" + character.repeat(length) + (isEnded ? "\nlast\n" : "")
  );
  fc.assert(fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
    using tail = createTail({ maxBytes: 4 * 1024 * 1024 });
    for (const one of texts) tail.write(one);
    const wanted = texts.flatMap((one) => one.replace(/\n$/, "").split("\n"));
    assert.deepEqual(tail.recent(20), wanted.map((line) => line.toWellFormed()));
  }));
});
