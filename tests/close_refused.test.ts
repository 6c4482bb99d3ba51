/** Closing a pipeline while the disk takes nothing: what is lost is told once, by one number. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FileStore,
  openPipeline,
  type Pipeline,
  type PipelineEvent,
  StoreFailedError,
  type StoreFile,
} from "../mod.ts";
import { assertAccounted } from "./support/accounting.ts";
import { durableMemory } from "./support/durable_memory.ts";

/** A disk that takes nothing while `isFull` says so. */
function storeOn(isFull: () => boolean): FileStore {
  const store = durableMemory();
  const limited = (file: StoreFile): StoreFile => {
    const write = file.writeSync;
    file.writeSync = (bytes) => {
      if (isFull()) throw new Error("ENOSPC: no space left on device");
      return write(bytes);
    };
    return file;
  };
  return {
    ...store,
    createSync: (name) => limited(store.createSync(name)),
    openFile: async (name, access) => limited(await store.openFile(name, access)),
  };
}

/** Fills the log's staging and the buffer; the sink takes nothing. */
async function fill(pipeline: Pipeline): Promise<void> {
  while (pipeline.write("x".repeat(1000)));
  await new Promise((resolve) => setTimeout(resolve));
  const { depth, sequence } = pipeline.stats();
  assert.ok(depth > 0 && sequence.next > sequence.written, "both hold records");
}

/** The number in the message that tells of lost records; 0 if there is none. */
function toldAsLost(events: readonly PipelineEvent[]): number {
  const told = events.filter(({ message }) => message.endsWith("they are lost"));
  assert.ok(told.length <= 1, "told once");
  return Number(/ with (\d+) records/.exec(told[0]?.message ?? "")?.[1] ?? 0);
}

test("close() on a full disk tells of as many lost records as its report", async () => {
  let isFull = false;
  const events: PipelineEvent[] = [];
  const pipeline = await openPipeline({
    wal: { store: storeOn(() => isFull) },
    buffer: { capacity: 100 },
    sinks: { down: () => Promise.reject(new Error("down")) },
    onEvent: (event) => events.push(event),
  });
  await pipeline.append("on disk");
  isFull = true;
  await fill(pipeline);
  const { accepted } = pipeline.stats();
  const unkept = assert.rejects(pipeline.durable(), StoreFailedError);
  const { onDisk, lost } = await pipeline.close({ timeoutMs: 0 });
  await unkept;
  assert.deepEqual([onDisk, lost], [{ down: 1 }, { down: accepted - 1 }]);
  assert.equal(toldAsLost(events), accepted - 1);
  assertAccounted(pipeline.stats());
});

test("close() loses nothing, and says so, if the disk takes the records at the last moment", async () => {
  let isFull = false;
  const events: PipelineEvent[] = [];
  const store = storeOn(() => isFull);
  const options = {
    wal: { store },
    buffer: { capacity: 100 },
    sinks: {
      down: {
        write: () => Promise.reject(new Error("down")),
        // The last that happens before the log is closed.
        close: () => void (isFull = false),
      },
    },
    onEvent: (event: PipelineEvent) => events.push(event),
  };
  const pipeline = await openPipeline(options);
  isFull = true;
  await fill(pipeline);
  const { accepted } = pipeline.stats();
  const { onDisk, lost } = await pipeline.close({ timeoutMs: 0 });
  assert.deepEqual([onDisk, lost], [{ down: accepted }, {}]);
  assert.equal(toldAsLost(events), 0);
  const again = await openPipeline(options);
  assert.equal(again.stats().lanes.down!.pending, accepted);
  await again.close({ timeoutMs: 0 });
});

test("close() of a log at its limit tells of the records that it had no room for", async () => {
  const events: PipelineEvent[] = [];
  const pipeline = await openPipeline({
    wal: { store: durableMemory(), segmentBytes: 4096, maxSegments: 2, onLimit: "block" },
    buffer: { capacity: 100 },
    sinks: { down: () => Promise.reject(new Error("down")) },
    onEvent: (event) => events.push(event),
  });
  await pipeline.append("in the log");
  while (pipeline.write("x".repeat(1000)));
  const { lost } = await pipeline.close({ timeoutMs: 0 });
  const told = events.filter(({ message }) => message.includes("at its limit when"));
  assert.equal(told.length, 1);
  assert.ok(lost.down! > 0);
  assert.match(told[0]!.message, new RegExp(` with ${lost.down} accepted records `));
  assertAccounted(pipeline.stats());
});
