/** `mode: "sync"`: a record is in the log before the call that gives it returns. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  type LogProvider,
  memoryStore,
  openPipeline,
  openWal,
  type Pipeline,
  type PipelineEvent,
  type PipelineOptions,
} from "../mod.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import { fileStore } from "../src/storage/file.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { fakeClock, recordingSink, type SimulatedDisk, simulatedDisk } from "../src/testing/mod.ts";
import { assertAccounted } from "./support/accounting.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { inFolder } from "./support/spawn.ts";
import { rest as comeToRest } from "./support/wal_model_outcome.ts";

/** A pipeline that died with its disk keeps no process alive. */
const mortal: Clock = { ...systemClock, hold: () => () => {} };

function openSync(disk: SimulatedDisk, options: Partial<PipelineOptions> = {}): Promise<Pipeline> {
  return openPipeline({
    mode: "sync",
    sinks: {},
    wal: { store: disk.store(), retain: "all", segmentBytes: 8192 },
    onEvent: () => {},
    clock: mortal,
    ...options,
  });
}

/** The messages that the next process finds. */
async function messagesOn(disk: SimulatedDisk): Promise<(string | undefined)[]> {
  const wal = await openWal(disk.store(), { retain: "all" });
  const { lines, gaps } = await readLog(wal);
  await wal.close();
  assert.deepEqual(gaps, []);
  return [...lines.values()].map(msgOf);
}

const REFUSALS: readonly { name: string; options: PipelineOptions; why: RegExp }[] = [
  {
    name: "no log",
    options: { mode: "sync" },
    why:
      /^Cannot use mode "sync" without a log on disk: give wal\.store a fileStore\(\) or a sqliteStore\(\), or leave mode out$/,
  },
  {
    name: "a log in memory",
    options: { mode: "sync", wal: { store: memoryStore() }, onStoreFailure: "memory" },
    why:
      /^Cannot use mode "sync" with the store "memory", which loses everything .*: give wal\.store a fileStore\(\)/,
  },
  {
    name: "a store of files that cannot sync at once",
    options: { mode: "sync", wal: { store: durableMemory() }, onStoreFailure: "memory" },
    why:
      /^Cannot use mode "sync" with the store "test disk", which cannot sync a file at once: give/,
  },
  {
    name: "a word that is no mode",
    options: { mode: "fast" as "sync" },
    why: /^Cannot use mode "fast": allowed are "sync" and "async"$/,
  },
];

for (const { name, options, why } of REFUSALS) {
  test(`openPipeline() with mode "sync" and ${name} throws one sentence that says what to use`, async () => {
    await assert.rejects(openPipeline({ sinks: {}, ...options }), (error: Error) => {
      assert.equal(error.name, "RangeError");
      assert.match(error.message, why);
      return true;
    });
  });
}

test("a store of whole logs that knows nothing of it is refused, and left free", () =>
  inFolder("sync-mode", async (folder) => {
    const store = sqliteStore(join(folder, "logs.db"));
    const unable: LogProvider = {
      ...store,
      openLog: (name, { atOnce: _, ...settings }) => store.openLog(name, settings),
    };
    const options = { mode: "sync", sinks: {}, onStoreFailure: "memory" } as const;
    await assert.rejects(
      openPipeline({ ...options, wal: { store: unable } }),
      /^RangeError: Cannot use mode "sync" with the store ".*", which cannot write a record at once: give/,
    );
    await (await openPipeline({ ...options, wal: { store } })).close();
  }));

test("a log that cannot be opened is replaced by memory when told to, and stats() say so", async () => {
  const store = {
    ...simulatedDisk({ seed: 1 }).store(),
    open: () => Promise.reject(new Error("no")),
  };
  const events: PipelineEvent[] = [];
  const pipeline = await openPipeline({
    mode: "sync",
    onStoreFailure: "memory",
    sinks: {},
    wal: { store },
    onEvent: (event) => events.push(event),
  });
  assert.deepEqual(events.map(({ kind }) => kind), ["store-failed"]);
  assert.match(
    events[0]!.message,
    /^Running in memory, nothing is durable, nor written before a call/,
  );
  assert.deepEqual([pipeline.stats().mode, pipeline.stats().writeMode], ["memory", "async"]);
  assert.equal(pipeline.write("goes on"), true);
  await pipeline.close();
});

const STORES = {
  fileStore: (folder: string) => fileStore(join(folder, "data")),
  sqliteStore: (folder: string) => sqliteStore(join(folder, "logs.db")),
};

for (const [name, open] of Object.entries(STORES)) {
  for (const sync of ["always", "interval", "never"] as const) {
    test(`1000 logs in mode "sync", ${name}(), sync "${sync}": each is written when the call returns`, () =>
      inFolder("sync-mode", async (folder) => {
        const sink = recordingSink();
        const pipeline = await openPipeline({
          mode: "sync",
          sinks: { sink },
          wal: { store: open(folder), sync },
        });
        const log = pipeline.logger("shop");
        assert.equal(pipeline.stats().writeMode, "sync");
        for (let i = 0; i < 1000; i++) {
          assert.equal(log.info(`order ${i}`, { order: i }), true);
          if (i % 100 !== 0) continue;
          const { sequence, depth } = pipeline.stats();
          assert.deepEqual([sequence.written, sequence.durable, depth], [i + 2, i + 2, 0]);
        }
        assert.equal(sink.records.length, 0, "no sink is waited for");
        const report = await pipeline.close();
        assert.equal(report.drained, true);
        assert.deepEqual(sink.records.map(({ fields }) => fields!.order), upTo(1000));
        assertAccounted(pipeline.stats());
      }));
  }

  test(`1000 logs in mode "async", ${name}(): nothing is written before the caller yields`, () =>
    inFolder("sync-mode", async (folder) => {
      const sink = recordingSink();
      const pipeline = await openPipeline({ sinks: { sink }, wal: { store: open(folder) } });
      for (let i = 0; i < 1000; i++) assert.equal(pipeline.write(String(i)), true);
      const { writeMode, sequence, depth } = pipeline.stats();
      assert.deepEqual([writeMode, sequence.written, depth], ["async", 1, 1000]);
      await pipeline.close();
      assert.deepEqual(sink.records.map(({ msg }) => Number(msg)), upTo(1000));
    }));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

test("a power cut directly after write() returned true keeps the record", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const disk = simulatedDisk({ seed, shortWrites: seed % 3 === 0 ? 0.3 : 0 });
    const pipeline = await openSync(disk);
    const taken: string[] = [];
    for (let i = 0; i < 1 + seed % 40; i++) {
      const msg = `${i} `.padEnd(seed % 5 === 0 ? 900 : 30, "x");
      if (i % 7 === 3) {
        void pipeline.append({ level: "info", msg: `${msg} appended` }).catch(() => {});
      }
      assert.equal(pipeline.write(msg), true);
      taken.push(msg);
      if (i % 5 === 0) await undefined;
    }
    disk.crash("power");
    const found = await messagesOn(disk);
    assert.deepEqual(taken.filter((msg) => !found.includes(msg)), [], `seed ${seed}`);
  }
});

test("a crash before any call of the disk loses nothing for which write() returned true", async () => {
  let records = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const disk = simulatedDisk({ seed });
    const taken: string[] = [];
    for (let life = 0; life < 3; life++) {
      disk.crashAt(
        disk.calls + 20 + (seed * 13 + life * 7) % 90,
        seed % 2 === 0 ? "power" : "kill",
      );
      let isOver = false;
      await disk.untilCrash(async () => {
        const pipeline = await openSync(disk);
        for (let i = 0; !isOver; i++) {
          const msg = `${life}-${i}`;
          if (pipeline.write(msg)) taken.push(msg);
          if (i % 3 === 0) await pipeline.append({ level: "info", msg: `${msg} appended` });
          // A dead process goes on in the simulation alone.
          else await comeToRest();
        }
      });
      isOver = true;
    }
    const found = await messagesOn(disk);
    assert.deepEqual(taken.filter((msg) => !found.includes(msg)), [], `seed ${seed}`);
    records += taken.length;
  }
  assert.ok(records > 500, `${records} records`);
});

test("a full disk refuses, counts, tells once, and keeps nothing by halves", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const disk = simulatedDisk({ seed, fullAt: "write" });
    const events: PipelineEvent[] = [];
    const sink = recordingSink();
    const pipeline = await openSync(disk, {
      sinks: { sink },
      onEvent: (event) => events.push(event),
    });
    const taken: string[] = [];
    const write = (msg: string): boolean => {
      const isTaken = pipeline.write(msg);
      if (isTaken) taken.push(msg);
      return isTaken;
    };
    for (let i = 0; i < 5; i++) assert.equal(write(`before ${i}`), true);
    disk.capacityBytes = disk.usedBytes + seed * 40;
    let refused = 0;
    for (let i = 0; i < 30; i++) {
      if (!write(`full ${i}`.padEnd(100 + 40 * (i % 20), "x"))) refused++;
      const { sequence, log } = pipeline.stats();
      assert.deepEqual([sequence.next, sequence.durable], [taken.length + 1, taken.length + 1]);
      assert.equal(log.entries, taken.length);
    }
    assert.ok(refused > 0);
    assert.equal(pipeline.stats().refused.unwritten, refused);
    disk.heal();
    for (let i = 0; i < 5; i++) assert.equal(write(`after ${i}`), true, `seed ${seed}`);
    await pipeline.drain();
    assert.deepEqual(sink.records.map(({ msg }) => msg), taken);
    assert.ok(events.length > 0 && events.every(({ kind }) => kind === "write-failed"));
    assertAccounted(pipeline.stats());
    disk.crash(seed % 2 === 0 ? "power" : "kill");
    assert.deepEqual(await messagesOn(disk), taken, `seed ${seed}`);
  }
});

test("a disk that is full when it is to be synced refuses, and goes on when it has room", async () => {
  const clock = fakeClock();
  const disk = simulatedDisk({ seed: 7, fullAt: "sync" });
  const pipeline = await openSync(disk, { clock });
  assert.equal(pipeline.write("before"), true);
  disk.capacityBytes = 0;
  for (let i = 0; i < 10; i++) {
    assert.equal(pipeline.write(`full ${i}`), false);
    await clock.advance(250);
  }
  disk.heal();
  await clock.advance(500);
  assert.equal(pipeline.write("after"), true);
  assertAccounted(pipeline.stats());
  disk.crash("power");
  assert.deepEqual(await messagesOn(disk), ["before", "after"]);
});

test("a sync that fails once refuses its record, is made good, and the next one is taken", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const disk = simulatedDisk({ seed });
    const clock = fakeClock();
    const events: PipelineEvent[] = [];
    const sink = recordingSink();
    const pipeline = await openSync(disk, {
      sinks: { sink },
      onEvent: (event) => events.push(event),
      clock,
    });
    const taken = ["first"];
    assert.equal(pipeline.write("first"), true);
    const appended = seed % 2 === 0
      ? pipeline.append({ level: "info", msg: "appended" })
      : Promise.resolve();
    disk.inject({ on: "sync", error: "EIO", file: /^wal-/ });
    // What was given to append() before goes first, and is written anew with all that was not durable.
    if (seed % 2 === 0) taken.push("appended");
    assert.equal(pipeline.write("refused"), false);
    assert.equal(pipeline.write("refused too: nothing is written before it is made good"), false);
    await clock.advance(250);
    await appended;
    taken.push("next");
    assert.equal(pipeline.write("next"), true, `seed ${seed}`);
    assert.equal(pipeline.stats().refused.unwritten, 2);
    assert.deepEqual(events.map(({ kind }) => kind), ["write-failed"]);
    await pipeline.drain();
    assert.deepEqual(sink.records.map(({ msg }) => msg), taken, "no sink sees what was refused");
    assertAccounted(pipeline.stats());
    disk.crash(seed % 3 === 0 ? "kill" : "power");
    assert.deepEqual(await messagesOn(disk), taken, `seed ${seed}`);
  }
});

test("syncs that fail for ever stop the log: false and counted, never a throw", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = simulatedDisk({ seed });
    const events: string[] = [];
    const pipeline = await openSync(disk, { onEvent: ({ kind }) => events.push(kind) });
    const log = pipeline.logger();
    assert.equal(log.info("kept"), true);
    disk.inject({ on: "sync", error: "EIO", times: Infinity });
    for (let i = 0; i < 5; i++) {
      assert.equal(log.info(`lost ${i}`), false);
      await comeToRest();
    }
    const { refused } = pipeline.stats();
    assert.equal((refused.unwritten ?? 0) + (refused.failed ?? 0), 5);
    assert.ok(refused.failed! > 0, JSON.stringify(refused));
    assert.ok(events.includes("failed"));
    await assert.rejects(pipeline.append("late"));
    await pipeline.close().catch(() => {});
    assertAccounted(pipeline.stats());
    disk.crash("power", "lost");
    disk.heal();
    // A page of a sync that failed may be there all the same; the process ended before another record.
    const [first, ...rest] = await messagesOn(disk);
    assert.equal(first, "kept", `seed ${seed}`);
    assert.ok(rest.length === 0 || (rest.length === 1 && rest[0] === "lost 0"), String(rest));
  }
});

test("records given to append() and write() stand in the order of the calls", async () => {
  const disk = simulatedDisk({ seed: 3 });
  const pipeline = await openSync(disk);
  const waits: Promise<void>[] = [];
  const given: string[] = [];
  for (let i = 0; i < 200; i++) {
    const msg = String(i);
    given.push(msg);
    if (i % 3 === 0) waits.push(pipeline.append({ level: "info", msg }));
    else assert.equal(pipeline.write({ level: "info", msg }), true);
    if (i % 11 === 0) await comeToRest();
  }
  await Promise.all(waits);
  await pipeline.durable();
  const { sequence } = pipeline.stats();
  assert.equal(sequence.durable, 201);
  const writer = pipeline.writable.getWriter();
  await writer.write("piped");
  assert.equal(pipeline.write("last"), true);
  const report = await pipeline.close();
  assert.deepEqual([report.drained, pipeline.write("too late")], [true, false]);
  assertAccounted(pipeline.stats());
  assert.deepEqual(await messagesOn(disk), [...given, "piped", "last"]);
});

test("stop() and close() leave nothing to write in mode sync, and start() goes on", async () => {
  const disk = simulatedDisk({ seed: 4 });
  const pipeline = await openSync(disk);
  assert.equal(pipeline.write("one"), true);
  await pipeline.stop();
  assert.equal(pipeline.write("refused"), false);
  pipeline.start();
  assert.equal(pipeline.write("two"), true);
  await pipeline.drain();
  await pipeline.close();
  assert.deepEqual(pipeline.stats().refused, { stopped: 1 });
  assert.deepEqual(await messagesOn(disk), ["one", "two"]);
});

test("a transform and a listener that log are written in the order in which they are done", async () => {
  const disk = simulatedDisk({ seed: 5 });
  const pipeline: Pipeline = await openSync(disk, {
    transform: (record) => {
      if (record.msg === "outer") pipeline.write("from the transform");
      return record;
    },
    onEvent: ({ kind }) => void pipeline.write(`told: ${kind}`),
  });
  assert.equal(pipeline.write("outer"), true);
  const withdraw = disk.inject({ on: "write", error: "EIO", times: Infinity });
  assert.equal(pipeline.write("refused"), false);
  // What the listener logged about it was refused as well, and it was told once.
  assert.deepEqual(pipeline.stats().refused, { unwritten: 2 });
  withdraw();
  disk.inject({ on: "sync", error: "EIO", file: /^wal-/ });
  assert.equal(pipeline.write("refused by the sync"), false);
  await pipeline.durable();
  await comeToRest();
  assert.equal(pipeline.write("last"), true);
  assertAccounted(pipeline.stats());
  disk.crash("power");
  assert.deepEqual(await messagesOn(disk), ["from the transform", "outer", "last"]);
});

test("a log at its limit gives up its oldest records, or refuses, as it was told", async () => {
  for (const onLimit of ["drop", "block"] as const) {
    const disk = simulatedDisk({ seed: 6 });
    const sink = recordingSink({ script: () => new Promise(() => {}) } as never);
    const pipeline = await openPipeline({
      mode: "sync",
      sinks: { sink },
      wal: {
        store: disk.store(),
        retain: 0,
        maxBytes: 64 * 1024,
        segmentBytes: 16 * 1024,
        onLimit,
      },
      onEvent: () => {},
      clock: mortal,
    });
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      if (!pipeline.write(`${i}`.padEnd(500, "x"))) refused++;
      await comeToRest();
    }
    const { refused: counted } = pipeline.stats();
    assert.equal(counted.full ?? 0, refused);
    assert.equal(onLimit === "block", refused > 100, `${refused} refused with ${onLimit}`);
    assertAccounted(pipeline.stats());
    disk.crash("kill");
  }
});

test("appendSync() takes nothing while the end of the log is being cut off", async () => {
  const disk = simulatedDisk({ seed: 8 });
  const wal = await openWal(disk.store(), { retain: "all", atOnce: true });
  for (let i = 1; i <= 10; i++) assert.equal(wal.appendSync!(lineOf(String(i))), true);
  const cut = wal.truncateAfter(4);
  const taken: string[] = [];
  for (let turns = 0; turns < 200; turns++) {
    if (wal.appendSync!(lineOf(`during ${turns}`))) taken.push(`during ${turns}`);
    await undefined;
  }
  await cut;
  assert.equal(wal.appendSync!(lineOf("after")), true);
  taken.push("after");
  disk.crash("power");
  assert.deepEqual(await messagesOn(disk), ["1", "2", "3", "4", ...taken]);
});

test("two openings of one store: who slept acknowledges nothing any more", async () => {
  const disk = simulatedDisk({ seed: 9 });
  const first = await openSync(disk);
  assert.equal(first.write("mine"), true);
  const second = await openSync(disk);
  assert.equal(second.write("yours"), true);
  assert.equal(first.write("late"), false);
  assert.deepEqual(first.stats().refused, { failed: 1 });
  assert.equal(first.write("later"), false);
  disk.crash("power");
  assert.deepEqual(await messagesOn(disk), ["mine", "yours"]);
});
