/** The promises of README, each by its name; those about crash, exit and tail have files of their own. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  type FileStore,
  memoryStore,
  openPipeline,
  RejectedError,
  type StoreFile,
} from "../mod.ts";
import { fileSink } from "../src/sink/file.ts";
import { fileStore } from "../src/storage/file.ts";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { assertAccounted } from "./support/accounting.ts";
import { durableMemory } from "./support/durable_memory.ts";

const quiet = { onEvent: () => {} };

/** A generator of chance that gives the same row for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("Accounted for: every record is in exactly one state, whatever fails, over restarts", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.constantFrom("block", "drop-oldest", "drop-newest", "sample", "warn"),
      fc.boolean(),
      async (seed, overflow, durable) => {
        const random = randomOf(seed);
        const store = durable ? durableMemory() : memoryStore();
        const accepted: string[] = [];
        // Records that tell of dropped ones come from the pipeline itself.
        let reports = 0;
        const reached = new Set<string>();
        const flaky = recordingSink((batch) => {
          const chance = random();
          if (chance < 0.2) return new Error("down");
          if (chance < 0.3) return new RejectedError("no");
          if (chance > 0.8) return { retry: [batch.count - 1] };
          for (const line of batch.lines()) reached.add(JSON.parse(line).msg);
        });
        for (let start = 0; start < 3; start++) {
          const clock = fakeClock();
          const pipeline = await openPipeline({
            sinks: { flaky, steady: recordingSink() },
            buffer: { capacity: 20, overflow, sampleEvery: 3 },
            transform: (record) => {
              if (record.msg.endsWith(" dropped")) reports++;
              return record;
            },
            ...(durable ? { wal: { store } } : {}),
            ...quiet,
            clock,
            random,
          });
          for (let turn = 0; turn < 10; turn++) {
            for (let i = Math.floor(random() * 30); i > 0; i--) {
              const msg = `${start}-${turn}-${i}`;
              if (pipeline.write(msg)) accepted.push(msg);
            }
            await clock.advance(random() * 500);
            assertAccounted(pipeline.stats());
          }
          const closing = pipeline.close({ timeoutMs: 200 });
          await clock.advance(5_000);
          await closing;
          assertAccounted(pipeline.stats());
          const { accepted: owed } = pipeline.stats().lanes.flaky!;
          if (durable) {
            assert.equal(owed, accepted.length + reports, "the counts hold over a restart");
          }
        }
      },
    ),
    { numRuns: 25 },
  );
});

test("Durable means durable: what was acknowledged is in the files of another opening", async () => {
  const folder = mkdtempSync(join(tmpdir(), "logflume-"));
  try {
    const held = recordingSink(() => new Error("the sink is down"));
    const first = await openPipeline({
      sinks: { held },
      wal: { store: fileStore(folder) },
      ...quiet,
    });
    for (let i = 0; i < 1000; i++) first.write(String(i));
    await first.durable();
    assert.equal(first.stats().acknowledges, "power-cut");
    await first.close({ timeoutMs: 0 });
    const output = join(folder, "out.ndjson");
    const second = await openPipeline({
      sinks: { held: fileSink({ path: output }) },
      wal: { store: fileStore(folder) },
      ...quiet,
    });
    await second.close();
    const lines = readFileSync(output, "utf8").trimEnd().split("\n");
    assert.deepEqual(lines.map((line) => Number(JSON.parse(line).msg)), [...Array(1000).keys()]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("Never in the way: a call returns at once and never throws, with dead sinks and a dead disk", async () => {
  const store = durableMemory();
  let refuse = false;
  const breakable = (file: StoreFile): StoreFile => {
    const write = file.writeSync;
    file.writeSync = (bytes) => {
      if (refuse) throw new Error("EIO");
      return write(bytes);
    };
    return file;
  };
  const broken: FileStore = {
    ...store,
    createSync: (name) => breakable(store.createSync(name)),
    openFile: async (name, access) => breakable(await store.openFile(name, access)),
  };
  const pipeline = await openPipeline({
    sinks: {
      hangs: () => new Promise(() => {}),
      throws: () => {
        throw new Error("sink");
      },
    },
    wal: { store: broken },
    ...quiet,
  });
  const log = pipeline.logger("x");
  log.info("taken");
  await pipeline.durable();
  refuse = true;
  let taken = 0;
  for (let i = 0; i < 50_000; i++) if (log.info("line", { i })) taken++;
  assert.ok(taken >= 10_000 && taken < 50_000, `${taken} taken, the rest refused`);
  assert.equal(pipeline.stats().refused.full, 50_000 - taken);
  assertAccounted(pipeline.stats());
  refuse = false;
  assert.equal(log.info("works again"), true);
  await pipeline.close({ timeoutMs: 0 });
  assertAccounted(pipeline.stats());
});

test("Alone in failure: a dead and a hanging sink delay no other and no writer", async () => {
  const clock = fakeClock();
  const healthy = recordingSink();
  const dead = recordingSink(() => new Error("down"));
  const hangs = recordingSink(() => new Promise(() => {}));
  const pipeline = await openPipeline({
    sinks: { dead, hangs, healthy },
    wal: { store: durableMemory() },
    clock,
    ...quiet,
  });
  // No time passes: the healthy sink gets everything while the others wait for theirs.
  for (let i = 0; i < 30_000; i++) assert.equal(pipeline.write(String(i)), true);
  while (healthy.records.length < 30_000) await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(healthy.records.map((record) => Number(record.msg)), [...Array(30_000).keys()]);
  const { lanes } = pipeline.stats();
  assert.equal(lanes.dead!.pending, 30_000);
  assert.equal(lanes.hangs!.pending, 30_000);
  const closing = pipeline.close({ timeoutMs: 0 });
  await clock.advance(10_000);
  assert.deepEqual((await closing).onDisk, { dead: 30_000, hangs: 30_000 });
});

test("At least once, in order: an ordered lane's first sends are in order, whatever fails", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = randomOf(seed);
      const clock = fakeClock();
      const sink = recordingSink((batch) => {
        const chance = random();
        if (chance < 0.3) return new Error("down");
        if (chance < 0.6) return { retry: [Math.floor(random() * batch.count)] };
      });
      const pipeline = await openPipeline({
        sinks: { sink: { sink, batch: { maxRecords: 7 } } },
        wal: { store: durableMemory() },
        clock,
        random,
        ...quiet,
      });
      for (let i = 0; i < 200; i++) pipeline.write(String(i));
      const lane = () => pipeline.stats().lanes.sink!;
      while (lane().pending > 0) await clock.advance(30_000);
      const firsts = [...new Set(sink.seqs)];
      assert.deepEqual(new Set(firsts), new Set([...Array(200).keys()].map((i) => i + 1)));
      // A partial result keeps what stands behind its first failure out of order only as repeats.
      let settled = 0;
      for (const seq of sink.seqs) {
        if (seq === settled + 1) settled = seq;
      }
      assert.equal(settled, 200);
      await pipeline.close();
    }),
    { numRuns: 20 },
  );
});
