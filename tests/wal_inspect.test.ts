import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { openWal, type Wal } from "../mod.ts";
import {
  inspectLog,
  readChunks,
  readEntries,
  type ReadEntriesOptions,
  verifyLog,
} from "../src/wal/inspect.ts";
import { lineTest } from "../src/wal/inspect_filter.ts";
import { readOnly } from "../src/wal/inspect_store.ts";
import type { CursorRow, FileStore } from "../src/storage/store.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { lineOf, msgOf } from "./support/read_log.ts";
import { filled, frameOffsets, numbered, openSmall } from "./support/small_log.ts";
import { digest, type TestDisk, testDisk } from "./support/test_disk.ts";

/** A clock whose timers are due at once, so that a second look follows the first. */
const hasty = { ...fakeClock(), setTimer: (fn: () => void) => (queueMicrotask(fn), () => {}) };

const rowAt = (lane: string, nextSeq: number): CursorRow => ({
  lane,
  since: 1,
  nextSeq,
  delivered: nextSeq - 1,
  deadLettered: 0,
  dropped: {},
  filtered: 0,
  redelivered: 0,
});

/** What is on a disk, in one line a file. */
function contentsOf(disk: TestDisk): string[] {
  return [...disk.files].map(([name, bytes]) => `${name} ${digest(bytes)}`).sort();
}

function flip(disk: TestDisk, name: string, at: number): void {
  disk.files.get(name)![at]! ^= 0x20;
}

interface Taken {
  readonly seqs: number[];
  readonly msgs: (string | undefined)[];
  readonly gaps: string[];
}

/** Reads records and gaps until `isEnough`, or to the end. */
async function take(
  store: FileStore,
  options: ReadEntriesOptions = {},
  isEnough: (taken: Taken) => boolean = () => false,
): Promise<Taken> {
  const taken: Taken = { seqs: [], msgs: [], gaps: [] };
  for await (const read of readEntries(store, { clock: hasty, ...options })) {
    if (read.kind === "gap") {
      const { firstSeq, count, reason } = read.gap;
      taken.gaps.push(`${reason} ${firstSeq}+${count}`);
    } else {
      taken.seqs.push(read.entry.seq);
      taken.msgs.push(msgOf(read.entry.line));
    }
    if (isEnough(taken)) break;
  }
  return taken;
}

async function put(wal: Wal, ...msgs: readonly string[]): Promise<void> {
  for (const msg of msgs) wal.stage(lineOf(msg));
  await wal.sync();
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

test("inspectLog() tells segments, records, cursors, inputs and what is set aside", async () => {
  const disk = testDisk();
  const wal = await openSmall(disk);
  const mark = { file: "/var/log/app", offset: 77, id: "1:2" };
  for (const msg of numbered(60)) wal.stage(lineOf(msg), mark);
  await wal.sync();
  wal.saveCursorsSync([rowAt("file", 41)]);
  for (const name of ["x.torn", "x.damaged", "x.tmp", "LOCK"]) {
    disk.files.set(name, new Uint8Array(3));
  }
  const log = await inspectLog(disk.store());

  assert.equal(log.logId, wal.logId);
  assert.deepEqual([log.firstSeq, log.nextSeq], [1, 61]);
  assert.deepEqual(log.segments.map(({ name }) => name), disk.segments);
  assert.deepEqual(log.segments.map(({ state }) => state).filter((state) => state === "live"), [
    "live",
  ]);
  assert.equal(log.segments.at(-1)!.state, "live");
  log.segments.reduce((next, { firstSeq, nextSeq }) => {
    assert.equal(firstSeq, next);
    return nextSeq;
  }, 1);
  assert.deepEqual(log.cursors.map(({ lane, lag }) => [lane, lag]), [["file", 20]]);
  assert.deepEqual(log.inputs, [mark]);
  assert.deepEqual(log.aside.map(({ name, kind }) => `${name} ${kind}`), [
    "x.damaged damaged",
    "x.tmp unfinished",
    "x.torn torn",
  ]);
  assert.equal(log.fileBytes, [...disk.files.values()].reduce((sum, one) => sum + one.length, 0));
  assert.deepEqual([log.damage, log.lost], [[], []]);
  await wal.close();
});

test("inspectLog() shows a segment that holds no record yet as the live one", async () => {
  const disk = testDisk();
  const first = await openSmall(disk);
  await put(first, ...numbered(3));
  await first.close();
  const wal = await openSmall(disk);
  const { segments, nextSeq, aside } = await inspectLog(disk.store());
  assert.deepEqual(segments.map(({ name }) => name), disk.segments);
  assert.deepEqual(segments.map(({ firstSeq, nextSeq }) => [firstSeq, nextSeq]), [[1, 4], [4, 4]]);
  assert.equal(segments.at(-1)!.state, "live");
  assert.equal(nextSeq, 4);
  assert.deepEqual(aside, []);
  await wal.close();
});

test("inspectLog() of a store without a log finds none", async () => {
  const { logId, segments, nextSeq } = await inspectLog(testDisk().store());
  assert.deepEqual([logId, segments, nextSeq], [undefined, [], 1]);
});

test("looking at a damaged and torn log changes nothing and leaves no file open", async () => {
  const disk = await filled(numbered(100));
  const [first, second] = disk.segments;
  flip(disk, first!, 700);
  disk.files.get(second!)!.fill(0x78, 0, 40);
  const last = disk.segments.at(-1)!;
  disk.files.set(last, disk.files.get(last)!.slice(0, -7));
  const before = contentsOf(disk);
  const { open } = disk;
  const store = disk.store();
  await inspectLog(store, { clock: hasty });
  const { damage, torn } = await verifyLog(store, { clock: hasty });
  await take(store);
  for await (const _ of readChunks(store, { clock: hasty })) break;

  assert.deepEqual(damage.map(({ kind, segment }) => `${kind} ${segment}`), [
    `frames ${first}`,
    `first-line ${second}`,
  ]);
  assert.equal(torn?.segment, last);
  assert.deepEqual(contentsOf(disk), before);
  assert.equal(disk.open, open);
});

test("what looks at a log has no way to change it", async () => {
  const disk = await filled(numbered(1));
  const asked: string[] = [];
  const inner = disk.store();
  const store = readOnly({
    ...inner,
    openFile(name, access) {
      asked.push(access);
      return inner.openFile(name, access);
    },
  });
  const [name] = disk.segments as [string];
  const file = await store.openFile(name, "write");
  const refusal = /is only looked at: open the log to change it/;
  assert.throws(() => store.createSync("x"), refusal);
  assert.throws(() => file.writeSync(new Uint8Array(1)), refusal);
  assert.throws(() => file.writeAtSync(new Uint8Array(1), 0), refusal);
  for (
    const refused of [
      store.rename(name, "x"),
      store.remove(name),
      store.syncFolder(),
      file.sync(),
      file.truncate(0),
    ]
  ) await assert.rejects(refused, refusal);
  file.close();
  assert.deepEqual(asked, ["read"]);
});

test("verifyLog() tells a flipped byte with its exact frame and records", async () => {
  const disk = await filled(numbered(90));
  const name = disk.segments[1]!;
  const bytes = disk.files.get(name)!;
  const [, from, to] = frameOffsets(bytes) as [number, number, number];
  const { seq, n } = JSON.parse(new TextDecoder().decode(bytes.subarray(from, from + 256)));
  flip(disk, name, to - 20);
  const { damage, lost, torn } = await verifyLog(disk.store(), { clock: hasty });
  const { message, ...range } = damage[0]!;
  assert.deepEqual(range, {
    segment: name,
    offset: from,
    end: to,
    firstSeq: seq,
    count: n,
    kind: "frames",
  });
  assert.equal(
    message,
    `Segment "${name}" is damaged from byte ${from} to ${to}: ` +
      `records ${seq} to ${seq + n - 1} cannot be read`,
  );
  assert.deepEqual([damage.length, lost, torn], [1, n, undefined]);
});

interface Frame {
  readonly segment: string;
  readonly offset: number;
  readonly end: number;
  readonly seq: number;
  readonly n: number;
  /** Behind it only blanks follow up to the body. */
  readonly checkedEnd: number;
  readonly head: number;
}

/** All frames of a disk, as the bytes tell them. */
function framesOf(disk: TestDisk): Frame[] {
  return disk.segments.flatMap((segment) => {
    const bytes = disk.files.get(segment)!;
    const offsets = frameOffsets(bytes);
    return offsets.map((offset, i) => {
      const line = new TextDecoder().decode(bytes.subarray(offset, bytes.indexOf(10, offset)));
      const { seq, n, head } = JSON.parse(line) as { seq: number; n: number; head: number };
      const checkedEnd = offset + line.indexOf(',"crc":"') + 16;
      return { segment, offset, end: offsets[i + 1] ?? bytes.length, seq, n, checkedEnd, head };
    });
  });
}

test("verifyLog() and readEntries() tell exactly the frames in which bytes are flipped", async () => {
  const whole = await filled(numbered(70));
  const frames = framesOf(whole);
  const last = whole.segments.at(-1)!;
  const place = fc.record({
    frame: fc.nat(frames.length - 1),
    part: fc.double({ min: 0, max: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 8 }), async (places) => {
      const disk = whole.copy();
      const hit = new Set<Frame>();
      for (const { frame, part } of places) {
        const one = frames[frame]!;
        // Blanks behind a header are not checked, and harm nobody.
        const spots = one.checkedEnd - one.offset + one.end - one.offset - one.head;
        const spot = Number.isNaN(part) ? 0 : Math.floor(part * (spots - 1));
        const inHeader = one.offset + spot < one.checkedEnd;
        const at = inHeader ? one.offset + spot : spot - one.checkedEnd + 2 * one.offset + one.head;
        if (hit.has(one)) continue;
        hit.add(one);
        flip(disk, one.segment, at);
      }
      const isTail = (frame: Frame): boolean =>
        frame.segment === last &&
        frames.slice(frames.indexOf(frame)).every((one) => hit.has(one));
      const expected: string[] = [];
      let open: Frame | undefined;
      for (const [i, frame] of frames.entries()) {
        if (!hit.has(frame) || isTail(frame)) continue;
        open ??= frame;
        const next = frames[i + 1];
        if (next?.segment === frame.segment && hit.has(next)) continue;
        expected.push(
          `${frame.segment} ${open.offset}-${frame.end} ${open.seq}+${
            frame.seq + frame.n - open.seq
          }`,
        );
        open = undefined;
      }
      const store = disk.store();
      const { damage, torn } = await verifyLog(store, { clock: hasty });
      assert.deepEqual(
        damage.map((d) => `${d.segment} ${d.offset}-${d.end} ${d.firstSeq}+${d.count}`),
        expected,
      );
      assert.equal(torn?.offset, frames.find(isTail)?.offset);
      const { seqs } = await take(store);
      const good = frames.filter((frame) => !hit.has(frame));
      assert.deepEqual(seqs, good.flatMap(({ seq, n }) => upTo(n).map((i) => seq + i - 1)));
    }),
    { numRuns: 60 },
  );
});

test("verifyLog() tells a missing segment with its records", async () => {
  const disk = await filled(numbered(100));
  const [before, gone, after] = (await inspectLog(disk.store())).segments;
  disk.files.delete(gone!.name);
  const { damage, lost } = await verifyLog(disk.store(), { clock: hasty });
  const { segment, offset, firstSeq, count, kind } = damage[0]!;
  assert.deepEqual([segment, offset, kind], [before!.name, before!.bytes, "missing"]);
  assert.deepEqual([firstSeq, firstSeq + count], [gone!.firstSeq, after!.firstSeq]);
  assert.deepEqual([damage.length, lost], [1, count]);
});

test("verifyLog() tells a segment that was cut short", async () => {
  const disk = await filled(numbered(100));
  const name = disk.segments[0]!;
  const bytes = disk.files.get(name)!;
  const last = frameOffsets(bytes).at(-1)!;
  disk.files.set(name, bytes.slice(0, last));
  const { damage } = await verifyLog(disk.store(), { clock: hasty });
  const { segment, offset, end, kind } = damage[0]!;
  assert.deepEqual([segment, offset, end, kind], [name, last, bytes.length, "missing"]);
});

test("verifyLog() tells damage behind the last record of a finished segment, which costs none", async () => {
  const disk = testDisk();
  const first = await openSmall(disk);
  await put(first, "a");
  await first.close();
  const second = await openSmall(disk);
  await put(second, "b");
  await second.close();
  const [name] = disk.segments as [string];
  const bytes = disk.files.get(name)!;
  const horizon = frameOffsets(bytes).at(-1)!;
  flip(disk, name, horizon);
  const { damage, lost } = await verifyLog(disk.store(), { clock: hasty });
  const { offset, end, firstSeq, count } = damage[0]!;
  assert.deepEqual([offset, end, firstSeq, count], [horizon, bytes.length, 2, 0]);
  assert.deepEqual([damage.length, lost], [1, 0]);
  // A power cut may take it as a whole, since nothing waits for it.
  bytes.fill(0, horizon);
  assert.deepEqual((await verifyLog(disk.store(), { clock: hasty })).damage, []);
});

test("verifyLog() after a power cut tells what was durable and is gone, and no more", async () => {
  const disk = testDisk();
  const wal = await openSmall(disk, { clock: fakeClock() });
  await put(wal, "1", "2", "3");
  await put(wal, "4", "5");
  for (const msgs of [["6", "7"], ["8", "9"]]) {
    for (const msg of msgs) wal.stage(lineOf(msg));
    wal.flushSync();
  }
  const cut = disk.copy();
  const [name] = cut.segments as [string];
  const frames = framesOf(cut).filter(({ n }) => n > 0);
  for (const { segment, offset, head } of frames.slice(1, 3)) flip(cut, segment, offset + head);
  const store = { ...cut.store(), boot: "another" };
  const { damage, nextSeq, torn } = await verifyLog(store, { clock: hasty });
  assert.deepEqual(
    damage.map((d) => [d.segment, d.offset, d.firstSeq, d.count]),
    [[name, frames[1]!.offset, 4, 2]],
  );
  assert.deepEqual([nextSeq, torn], [6, undefined]);
  const { seqs, gaps } = await take(store);
  assert.deepEqual([seqs, gaps], [[1, 2, 3], ["damaged 4+2"]]);
  await wal.close();
});

test("verifyLog() tells the oldest segment when nothing of it can be read", async () => {
  const disk = await filled(numbered(100));
  const [name] = disk.segments as [string];
  disk.files.get(name)!.fill(0x78);
  const [, second] = (await inspectLog(disk.copy().store(), { clock: hasty })).segments;
  const { damage } = await verifyLog(disk.store(), { clock: hasty });
  const { segment, offset, end, firstSeq, kind } = damage[0]!;
  assert.deepEqual([segment, offset, end], [name, 0, disk.files.get(name)!.length]);
  assert.deepEqual([firstSeq, kind, damage.length], [1, "left-aside", 1]);
  assert.ok(second !== undefined);
});

test("a torn tail is told and is no damage, whatever was reserved behind it", async () => {
  const whole = await filled(numbered(20));
  const name = whole.segments.at(-1)!;
  const bytes = whole.files.get(name)!;
  const start = frameOffsets(bytes).at(-1)!;
  for (let cut = start; cut < bytes.length; cut += 37) {
    for (const reserved of [0, 1000]) {
      const disk = whole.copy();
      const torn = new Uint8Array(cut + reserved);
      torn.set(bytes.subarray(0, cut));
      disk.files.set(name, torn);
      const found = await verifyLog(disk.store(), { clock: hasty });
      const tail = cut === start ? undefined : { segment: name, offset: start, end: cut };
      assert.deepEqual([found.damage, found.torn], [[], tail]);
    }
  }
});

/** A store that does `act` when a segment is read for the `nth` time. */
function actingAt(disk: TestDisk, nth: number, act: () => void): FileStore {
  const store = disk.store();
  let reads = 0;
  return {
    ...store,
    async openFile(name, access) {
      const file = await store.openFile(name, access);
      if (!disk.segments.includes(name)) return file;
      return {
        ...file,
        size: file.size,
        read(into, offset) {
          const answer = file.read(into, offset);
          return answer.then((count) => {
            if (++reads === nth) act();
            return count;
          });
        },
      };
    },
  };
}

test("frames that a writer adds during a look are no damage, at whatever moment", async () => {
  const whole = testDisk();
  const wal = await openWal(whole.store());
  for (const msg of numbered(30, 20_000)) await put(wal, msg);
  await wal.close();
  const [name] = whole.segments as [string];
  const bytes = whole.files.get(name)!;
  const [, second] = frameOffsets(bytes) as [number, number];
  // As a writer leaves it that has reserved room and is in the middle of a frame; then it writes on, also
  // where the look has not come to yet.
  for (const cut of [second, second + 100, second + 300]) {
    for (let nth = 1; nth < 40; nth++) {
      const begun = (): { disk: TestDisk; store: FileStore } => {
        const disk = whole.copy();
        const live = new Uint8Array(bytes.length + 100_000);
        live.set(bytes.subarray(0, cut));
        disk.files.set(name, live);
        return { disk, store: actingAt(disk, nth, () => live.set(bytes)) };
      };
      const log = await inspectLog(begun().store, { clock: hasty });
      assert.deepEqual(log.damage, [], `cut ${cut}, read ${nth}`);
      const { damage } = await verifyLog(begun().store, { clock: hasty });
      assert.deepEqual(damage, [], `cut ${cut}, read ${nth}`);
    }
  }
});

test("a segment that is trimmed while it is looked at is no damage", async () => {
  const whole = await filled(numbered(100));
  const [first, second] = whole.segments as [string, string];
  const after = (await inspectLog(whole.store())).segments[2]!.firstSeq;
  for (let nth = 1; nth < 80; nth++) {
    const trimming = (): FileStore => {
      const disk = whole.copy();
      return actingAt(disk, nth, () => {
        disk.files.delete(first);
        disk.files.delete(second);
      });
    };
    const { damage } = await verifyLog(trimming(), { clock: hasty });
    assert.deepEqual(damage, [], `read ${nth}`);
    const { seqs, gaps } = await take(trimming());
    const given = seqs.filter((seq) => seq < after).length;
    const trimmed = gaps.map((gap) => /^trimmed \d+\+(\d+)$/.exec(gap)![1]);
    assert.ok(trimmed.length <= 1, `read ${nth}: ${gaps}`);
    // Gone before the reading began, or told.
    if (given + trimmed.length > 0) assert.equal(given + Number(trimmed[0] ?? 0), after - 1);
    assert.deepEqual(seqs.slice(given), upTo(100).slice(after - 1));
  }
});

test("readEntries() gives the records from one number to another", async () => {
  const disk = await filled(numbered(100));
  const { seqs, msgs, gaps } = await take(disk.store(), { from: 41, to: 77 });
  assert.deepEqual(seqs, upTo(77).slice(40));
  assert.deepEqual(msgs, numbered(100).slice(40, 77));
  assert.deepEqual(gaps, []);
  assert.deepEqual((await take(disk.store(), { from: 99, to: 1000 })).seqs, [99, 100]);
  assert.deepEqual((await take(disk.store(), { from: 500 })).seqs, []);
  assert.deepEqual((await take(disk.store(), { from: 9, to: 8 })).seqs, []);
});

test("readEntries() tells what was trimmed when it was asked for it", async () => {
  const disk = await filled(numbered(100));
  const [, second] = (await inspectLog(disk.store())).segments;
  disk.files.delete(disk.segments[0]!);
  const { seqs, gaps } = await take(disk.store(), { from: 1 });
  assert.deepEqual(gaps, [`trimmed 1+${second!.firstSeq - 1}`]);
  assert.deepEqual(seqs, upTo(100).slice(second!.firstSeq - 1));
  assert.deepEqual((await take(disk.store(), { from: 1, to: 2 })).gaps, ["trimmed 1+2"]);
  assert.deepEqual((await take(disk.store())).gaps, []);
});

test("readEntries() filters by level and time, also lines of another form", async () => {
  const lines = [
    '{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"a"}',
    '{"time":"2026-01-01T00:00:01.000Z","level":"warn","msg":"b"}',
    '{"time":"2026-01-01T00:00:02.000Z","level":"error","msg":"c"}',
    '{"level":"fatal","time":"2026-01-01T00:00:02.500Z","msg":"d"}',
    '{"time":"2026-01-01T00:00:03Z","msg":"e"}',
    "[1]",
    "2026",
  ];
  const disk = testDisk();
  const wal = await openWal(disk.store());
  for (const line of lines) wal.stage(line + "\n");
  await wal.close();
  const seqsOf = async (options: ReadEntriesOptions) => (await take(disk.store(), options)).seqs;
  const ms = Date.parse("2026-01-01T00:00:01.000Z");
  const cases: readonly (readonly [ReadEntriesOptions, number[]])[] = [
    [{}, [1, 2, 3, 4, 5, 6, 7]],
    [{ level: "trace" }, [1, 2, 3, 4]],
    [{ level: "warn" }, [2, 3, 4]],
    [{ level: "fatal" }, [4]],
    [{ fromMs: ms }, [2, 3, 4, 5]],
    [{ fromMs: ms + 1 }, [3, 4, 5]],
    [{ toMs: ms }, [1, 2]],
    [{ toMs: ms - 1 }, [1]],
    [{ fromMs: ms, toMs: ms + 1500, level: "error" }, [3, 4]],
  ];
  for (const [options, seqs] of cases) assert.deepEqual(await seqsOf(options), seqs);
});

test("a line's level is the same whether it is parsed or not", () => {
  const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
  for (const [rank, level] of levels.entries()) {
    for (const [least, limit] of levels.entries()) {
      const isWanted = lineTest({ level: limit })!;
      for (const time of ["2026-01-01T00:00:00.000Z", "2026-01-01"]) {
        const line = new TextEncoder().encode(`{"time":"${time}","level":"${level}","msg":""}`);
        assert.equal(isWanted(line, 0, line.length), rank >= least);
      }
    }
  }
});

/** Follows a log in the background; `until` moves time on until so much was given. */
function follow(store: FileStore): {
  readonly given: string[];
  until(count: number): Promise<void>;
  end(): Promise<void>;
} {
  const clock = fakeClock();
  const stop = new AbortController();
  const given: string[] = [];
  const reading = (async () => {
    for await (const read of readEntries(store, { follow: true, signal: stop.signal, clock })) {
      given.push(
        read.kind === "gap"
          ? `${read.gap.reason} ${read.gap.firstSeq}+${read.gap.count}`
          : `${read.entry.seq} ${msgOf(read.entry.line)}`,
      );
    }
  })();
  return {
    given,
    async until(count) {
      for (let i = 0; i < 400 && given.length < count; i++) await clock.advance(100);
      await clock.advance(300);
      assert.equal(given.length, count, given.at(-1) ?? "nothing");
    },
    async end() {
      stop.abort();
      await reading;
      assert.equal(clock.pending, 0);
    },
  };
}

test("following crosses rotation, a kill and a restart, and ends when it is told to", async () => {
  const disk = testDisk();
  const killed = await openSmall(disk);
  const { given, until, end } = follow(disk.store());
  const msgs = numbered(130);
  for (let at = 0; at < 60; at += 7) {
    await put(killed, ...msgs.slice(at, Math.min(60, at + 7)));
    if (at % 3 === 0) await until(Math.min(60, at + 7));
  }
  await until(60);
  assert.ok(disk.segments.length > 1);
  // A kill: the process writes no more and closes nothing; half a frame is left.
  const last = disk.segments.at(-1)!;
  const half = new TextEncoder().encode('{"$":"frame","seq":61,"n":1,');
  disk.files.set(last, Uint8Array.of(...disk.files.get(last)!, ...half));
  await until(60);
  const wal = await openSmall(disk);
  await put(wal, ...msgs.slice(60, 100));
  await until(100);
  await put(wal, ...msgs.slice(100));
  await until(130);
  await end();
  assert.deepEqual(given, msgs.map((msg, i) => `${i + 1} ${msg}`));
  await wal.close();
  await killed.close();
});

test("following gives records that were cut off and written anew once more", async () => {
  const disk = testDisk();
  const wal = await openSmall(disk);
  await put(wal, ...numbered(10));
  const { given, until, end } = follow(disk.store());
  await until(10);
  await wal.truncateAfter(8);
  await until(10);
  await put(wal, "new", "newer", "newest");
  await until(13);
  assert.deepEqual(
    given.slice(8),
    ["9 n9-".padEnd(102, "x"), "10 n10-".padEnd(103, "x")].concat([
      "9 new",
      "10 newer",
      "11 newest",
    ]),
  );
  await end();
  await wal.close();
});

test("records that are cut off while they are verified are no damage", async () => {
  for (let nth = 1; nth < 30; nth++) {
    const disk = testDisk();
    const wal = await openWal(disk.store());
    for (const msg of numbered(20, 30_000)) await put(wal, msg);
    let cut = Promise.resolve();
    const store = actingAt(disk, nth, () => void (cut = wal.truncateAfter(3)));
    const { damage } = await verifyLog(store, { clock: hasty });
    assert.deepEqual(damage, [], `read ${nth}`);
    await cut;
    await wal.close();
  }
});

test("a write that goes on after the first look is no torn tail", async () => {
  const disk = await filled(numbered(9));
  const [name] = disk.segments as [string];
  const bytes = disk.files.get(name)!;
  disk.files.set(name, bytes.slice(0, -100));
  const clock = {
    ...hasty,
    setTimer(fn: () => void) {
      disk.files.set(name, bytes);
      return hasty.setTimer(fn);
    },
  };
  const { torn, nextSeq } = await verifyLog(disk.store(), { clock });
  assert.deepEqual([torn, nextSeq], [undefined, 10]);
});

test("records that are cut off while they are read are no damage", async () => {
  const disk = testDisk();
  const wal = await openWal(disk.store());
  for (const msg of numbered(30, 20_000)) await put(wal, msg);
  const msgs: (string | undefined)[] = [];
  for await (const read of readEntries(disk.store(), { clock: hasty })) {
    if (read.kind === "gap") throw new Error("no record is missing");
    msgs.push(msgOf(read.entry.line));
    if (msgs.length > 1) continue;
    await wal.truncateAfter(20);
    for (const msg of numbered(10)) await put(wal, msg);
  }
  assert.deepEqual(msgs, [...numbered(20, 20_000), ...numbered(10)]);
  await wal.close();
});

test("following tells damage among what is added, and waits for a frame that is half written", async () => {
  const whole = await filled(numbered(12));
  const name = whole.segments.at(-1)!;
  const bytes = whole.files.get(name)!;
  const [third, fourth] = frameOffsets(bytes).slice(-2) as [number, number];
  const disk = whole.copy();
  const show = (end: number): void => {
    const live = new Uint8Array(bytes.length + 5000);
    live.set(bytes.subarray(0, end));
    disk.files.set(name, live);
  };
  show(third);
  const { given, until, end } = follow(disk.store());
  await until(6);
  show(third + 400);
  await until(6);
  show(fourth);
  await until(9);
  show(bytes.length);
  await until(12);
  assert.deepEqual(given, numbered(12).map((msg, i) => `${i + 1} ${msg}`));
  await end();

  show(third);
  const other = follow(disk.store());
  await other.until(6);
  show(bytes.length);
  flip(disk, name, third + 300);
  await other.until(10);
  assert.deepEqual(other.given.slice(6, 8), ["damaged 7+3", `10 ${numbered(12)[9]}`]);
  await other.end();
});

test("a reader beside a writer gets every record once while segments come and go", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 5, maxLength: 25 }),
      fc.infiniteStream(fc.nat(3)),
      async (batches, turns) => {
        const disk = testDisk();
        const wal = await openSmall(disk);
        const total = batches.reduce((sum, n) => sum + n, 0);
        const writing = (async () => {
          for (const n of batches) {
            await put(wal, ...numbered(n));
            for (let i = turns.next().value!; i > 0; i--) await undefined;
          }
        })();
        const { seqs, gaps } = await take(
          disk.store(),
          { follow: true },
          ({ seqs }) => seqs.at(-1) === total,
        );
        await writing;
        assert.deepEqual([seqs, gaps], [upTo(total), []]);
        const { damage } = await verifyLog(disk.store(), { clock: hasty });
        assert.deepEqual(damage, []);
        await wal.close();
      },
    ),
    { numRuns: 30 },
  );
});

test("every promise of the format's README is the name of a test", () => {
  const textOf = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
  const faults = readdirSync(new URL("./support/", import.meta.url))
    .filter((name) => name.startsWith("faults"))
    .map((name) => textOf(`./support/${name}`)).join("");
  const rows = [...textOf("../src/wal/README.md").matchAll(/^\| (\S.*?) +\| `(\w+)` +\|$/gm)];
  const promises = rows.filter(([, , file]) => /^(wal|real)_|^crash$/.test(file!));
  assert.ok(promises.length > 15);
  for (const [, promise, file] of promises) {
    assert.ok((textOf(`./${file}.test.ts`) + faults).includes(`"${promise}"`), promise!);
  }
});
