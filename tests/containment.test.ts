/** What fails in one part harms no other: sinks that cannot open, read errors, listeners that throw. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FileStore, memoryStore, openPipeline, openWal } from "../mod.ts";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { assertAccounted } from "./support/accounting.ts";
import { durableMemory } from "./support/durable_memory.ts";

const quiet = { onEvent: () => {} };

function numbers(sink: { records: readonly { msg: string }[] }): number[] {
  return sink.records.map((record) => Number(record.msg));
}

test("a sink that cannot open once does not lose its place, nor that of the others", async () => {
  const store = durableMemory();
  const down = () => recordingSink(() => new Error("down"));
  const first = await openPipeline({ sinks: { a: down(), b: down() }, wal: { store }, ...quiet });
  for (let i = 0; i < 10; i++) first.write(String(i));
  await first.close({ timeoutMs: 0 });
  const unmounted = {
    ...recordingSink(),
    open: () => {
      throw new Error("not mounted");
    },
  };
  const second = openPipeline({ sinks: { a: unmounted, b: down() }, wal: { store }, ...quiet });
  await assert.rejects(second, /not mounted/);
  const [a, b] = [recordingSink(), recordingSink()];
  const third = await openPipeline({ sinks: { a, b }, wal: { store }, ...quiet });
  await third.close();
  assert.deepEqual([a.records.length, b.records.length], [10, 10]);
});

test("a new sink's place is synced before the pipeline is open", async () => {
  const store = durableMemory();
  const calls: string[] = [];
  const watched: FileStore = {
    ...store,
    openFile: async (name, access) => {
      const file = await store.openFile(name, access);
      if (name !== "cursors") return file;
      const { writeAtSync, sync } = file;
      file.writeAtSync = (bytes, offset) => {
        calls.push("write");
        writeAtSync(bytes, offset);
      };
      file.sync = () => {
        calls.push("sync");
        return sync();
      };
      return file;
    },
  };
  const pipeline = await openPipeline({ sinks: { a: recordingSink() }, wal: { store: watched } });
  assert.deepEqual(calls, ["write", "write", "sync"]);
  await pipeline.close();
});

test("cursors that are synced tell of nothing that a sink delivered while it synced", async () => {
  const store = durableMemory();
  const got: string[] = [];
  let synced: number | undefined;
  const pipeline = await openPipeline({
    sinks: {
      a: {
        write: (batch) => void got.push(...batch.lines()),
        sync: async () => {
          if (synced !== undefined) return;
          const before = got.length;
          // Deliveries go on while this sink syncs what it had.
          pipeline.write("more");
          while (got.length === before) await new Promise((resolve) => setTimeout(resolve));
          synced = before;
        },
      },
    },
    wal: { store, segmentBytes: 4096, retain: 0 },
    ...quiet,
  });
  const saves: number[] = [];
  const cursors = await store.openFile("cursors", "write");
  const nextSeqs = async (): Promise<number[]> => {
    const raw = new Uint8Array(131_072);
    const text = new TextDecoder().decode(raw.subarray(0, await cursors.read(raw, 0)));
    return [...text.matchAll(/"nextSeq":(\d+)/g)].map((match) => Number(match[1]));
  };
  for (let i = 0; i < 20; i++) await pipeline.append("x".repeat(1000));
  while (synced === undefined) await new Promise((resolve) => setTimeout(resolve));
  const before = synced;
  saves.push(...await nextSeqs());
  assert.ok(saves.includes(before + 1), `${saves} while ${before} were synced`);
  assert.ok(!saves.includes(before + 2), `${saves} while ${before} were synced`);
  await pipeline.close({ timeoutMs: 100 });
});

test("a log that cannot be read for a moment delays its lane, and no more", async () => {
  const clock = fakeClock();
  const store = durableMemory();
  const down = recordingSink(() => new Error("down"));
  const first = await openPipeline({ sinks: { a: down }, wal: { store }, ...quiet });
  for (let i = 0; i < 10; i++) first.write(String(i));
  await first.close({ timeoutMs: 0 });
  let failing = 3;
  const flaky = {
    ...store,
    openFile: (name: string, access: "read" | "write") =>
      name.startsWith("wal-") && isOpen && failing-- > 0
        ? Promise.reject(new Error("EMFILE: too many open files"))
        : store.openFile(name, access),
  };
  let isOpen = false;
  const a = recordingSink();
  const second = await openPipeline({ sinks: { a }, wal: { store: flaky }, clock, ...quiet });
  isOpen = true;
  await clock.advance(10_000);
  assert.deepEqual(numbers(a), [...Array(10).keys()]);
  await second.close();
  assertAccounted(second.stats());
});

test("at the limit a lane that is reading from disk skips, and goes on", async () => {
  const store = durableMemory();
  const wal = { store, segmentBytes: 10_000, maxBytes: 100_000, retain: 0, windowBytes: 0 };
  const slow = recordingSink(() => new Promise((resolve) => setTimeout(resolve)));
  const pipeline = await openPipeline({ sinks: { slow }, wal, ...quiet });
  for (let i = 0; i < 3000; i++) {
    await pipeline.append(`${i} ${"x".repeat(200)}`);
  }
  await pipeline.drain();
  assertAccounted(pipeline.stats());
  const { dropped, delivered, pending } = pipeline.stats().lanes.slow!;
  assert.equal(pending, 0);
  assert.equal(delivered + (dropped.wal_limit ?? 0) + (dropped.trimmed ?? 0), 3000);
  await pipeline.close();
});

test("one hanging batch of an unordered sink does not keep the others back", async () => {
  let calls = 0;
  let got = 0;
  const sink = recordingSink(async (batch) => {
    if (++calls === 1) await new Promise(() => {});
    got += batch.count;
  }, "none");
  const clock = fakeClock();
  const pipeline = await openPipeline({ sinks: { sink }, clock, ...quiet });
  for (let i = 0; i < 6; i++) {
    pipeline.write(String(i));
    await clock.advance(1);
  }
  assert.equal(got, 5);
  const closing = pipeline.close({ timeoutMs: 0 });
  await clock.advance(60_000);
  await closing;
});

test("a wrong option leaves the store free", async () => {
  const store = durableMemory();
  let closed = 0;
  const watched = { ...store, close: () => Promise.resolve(void closed++) };
  await assert.rejects(openPipeline({ wal: { store: watched }, level: "loud" as never }));
  await assert.rejects(openPipeline({ wal: { store: watched }, buffer: { capacity: 0 } }));
  assert.equal(closed, 2);
});

test("a listener that throws reaches no caller and ends no lane", async () => {
  const { error } = console;
  console.error = () => {};
  try {
    const sink = recordingSink((_, call) => call === 1 ? new Error("once") : undefined);
    const clock = fakeClock();
    const pipeline = await openPipeline({
      sinks: { sink },
      clock,
      transform: (record) => {
        if (record.msg === "bad") throw new Error("transform");
        return record;
      },
      onEvent: () => {
        throw new Error("listener");
      },
    });
    assert.equal(pipeline.logger().info("bad"), true);
    pipeline.write("good");
    await clock.advance(1_000);
    assert.equal(sink.records.length, 2);
    await pipeline.close();
  } finally {
    console.error = error;
  }
});

test("a sink whose checkpoint or close throws stops alone, and close() still resolves", async () => {
  const sinks = {
    broken: {
      ...recordingSink(),
      checkpoint: () => {
        if (isOpen) throw new Error("checkpoint");
        return undefined;
      },
    },
    grumpy: {
      ...recordingSink(),
      close: () => {
        throw new Error("close");
      },
    },
    fine: recordingSink(),
  };
  let isOpen = false;
  const pipeline = await openPipeline({ sinks, ...quiet });
  isOpen = true;
  pipeline.write("a");
  await pipeline.durable();
  await pipeline.close();
  assert.equal(sinks.fine.records.length, 1);
  assertAccounted(pipeline.stats());
});

test("without syncs a finished segment keeps no file open", async () => {
  const store = memoryStore();
  let open = 0;
  const counted = {
    ...store,
    createSync: (name: string) => {
      const file = store.createSync(name);
      open++;
      return {
        ...file,
        get size() {
          return file.size;
        },
        close: () => void open--,
      };
    },
  };
  const wal = await openWal(counted, { sync: "never", segmentBytes: 4096 });
  for (let i = 0; i < 200; i++) {
    wal.stage(`{"time":"${i}${"x".repeat(500)}"}\n`);
    wal.flushSync();
  }
  assert.ok(wal.stats().segments > 10);
  while (open > 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(open <= 2, `${open} files open: the segment and the cursors`);
  await wal.close();
});

test("a full log that blocks costs no time while it waits", async () => {
  const clock = fakeClock();
  let looks = 0;
  const store = durableMemory();
  const pipeline = await openPipeline({
    sinks: { hangs: () => new Promise(() => {}) },
    wal: { store, maxBytes: 20_000, segmentBytes: 5_000, onLimit: "block" },
    clock: { ...clock, defer: (fn) => (looks++, clock.defer(fn)) },
    ...quiet,
  });
  while (pipeline.write("x".repeat(1000)));
  await clock.advance(1);
  const before = looks;
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
  assert.ok(looks - before <= 2, `${looks - before} looks while nothing could move`);
  const closing = pipeline.close({ timeoutMs: 0 });
  await clock.advance(60_000);
  const { onDisk, lost } = await closing;
  const { written } = pipeline.stats().sequence;
  assert.equal(onDisk.hangs, written - 1, "on disk is what was written");
  assert.equal(lost.hangs, pipeline.stats().accepted - (written - 1));
});
