/** Pipelines opened or used the wrong way: one sentence says what is wrong and what to do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWriter, memoryStore, openPipeline, type PipelineOptions } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";

/** Options as a program without types may give them. */
function given(options: unknown): PipelineOptions {
  return { sinks: {}, ...(options as PipelineOptions) };
}

for (const mode of ["async", "sync"]) {
  test(`wal without a store is told in a sentence, in mode ${mode}`, async () => {
    for (const wal of ["./logs", {}, null, { store: "./logs" }, fileStore("never-created")]) {
      await assert.rejects(openPipeline(given({ mode, wal })), {
        name: "TypeError",
        message: /^The option "wal" needs a store: write wal: \{ store: fileStore/,
      });
    }
  });
}

test("wal.onLimit is one of two words", async () => {
  await assert.rejects(openPipeline(given({ wal: { store: memoryStore(), onLimit: "wait" } })), {
    name: "RangeError",
    message: 'Cannot use wal.onLimit "wait": allowed are "drop" and "block"',
  });
});

test("fileStore() needs a folder", () => {
  for (const folder of ["", undefined, 5]) {
    assert.throws(() => fileStore(folder as string), {
      name: "TypeError",
      message: "A file store needs a folder: give it the path of one",
    });
  }
});

test("a capacity that is none is called by the name it was given under", async () => {
  const refused = { name: "RangeError", message: /^Cannot use a capacity.* of .*: allowed are/ };
  for (const none of [0, -1, NaN, Infinity, "10", null, { min: 1, max: NaN }]) {
    const capacity = none as number;
    assert.throws(() => createWriter({ process() {}, capacity }), refused);
    await assert.rejects(openPipeline(given({ buffer: { capacity } })), refused);
  }
});

test("append() after close() names the way on, which is not start()", async () => {
  const pipeline = await openPipeline({ sinks: {} });
  await pipeline.close();
  await assert.rejects(pipeline.append("late"), {
    name: "NotAcceptedError",
    reason: "closed",
    message: "The pipeline is closed: open a new one",
  });
  const writer = createWriter({ process() {} });
  await writer.close();
  await assert.rejects(writer.append("late"), {
    name: "NotAcceptedError",
    reason: "closed",
    message: "The writer is closed: make another one",
  });
});

test("subscribe() tells at once what is no handler and no filter", async () => {
  await using pipeline = await openPipeline({ sinks: {} });
  const subscribe = (...all: unknown[]): void => {
    pipeline.subscribe(...all as Parameters<typeof pipeline.subscribe>);
  };
  for (const all of [[], [() => {}], [undefined, () => {}], [null, () => {}], [{}, 5]]) {
    assert.throws(() => subscribe(...all), {
      name: "TypeError",
      message: /pass a filter, \{\} for all records, then a function/,
    });
  }
  assert.throws(() => subscribe({ filter: 5 }, () => {}), /filter of a subscriber is a function/);
  assert.equal(pipeline.stats().handlers.count, 0);
});

test("drain() and close() refuse a time that is none, and close() then still closes", async () => {
  const pipeline = await openPipeline({ sinks: {} });
  for (const timeoutMs of [NaN, -1, "5s" as never]) {
    await assert.rejects(pipeline.drain({ timeoutMs }), /Cannot use timeoutMs/);
    await assert.rejects(pipeline.close({ timeoutMs }), /Cannot use timeoutMs/);
  }
  const { drained } = await pipeline.close({ timeoutMs: undefined as never });
  assert.equal(drained, true);
});
