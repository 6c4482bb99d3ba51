/** A sink's checkpoint that cannot be stored, and a sink that is closed from two sides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sink } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

const unstorable: Readonly<Record<string, () => string>> = {
  "is too long": () => "x".repeat(257),
  "is too long in bytes": () => "ä".repeat(129),
  "is an object": () => ({ file: "a" }) as never,
  throws: () => {
    throw new Error("the disk is gone");
  },
};

for (const [what, checkpoint] of Object.entries(unstorable)) {
  test(`a checkpoint that ${what} ends its lane alone, and the cursor stays with the one before`, async () => {
    const taken = recordingSink();
    let isWrong = false;
    const sink: Sink = {
      write: (batch, context) => taken.write(batch, context),
      checkpoint: () => isWrong ? checkpoint() : "good",
    };
    const other = recordingSink();
    const { pipeline, clock, events, store, write } = await openBench({ sink, other });
    await write("a");
    isWrong = true;
    await write("b");
    await clock.advance(200);
    assert.equal(pipeline.lanes.get("sink")!.state, "stopped");
    assert.deepEqual(events.map(({ kind }) => kind), ["lane-stopped"]);

    // As after a kill: nothing was closed.
    const again = recordingSink();
    let opened: string | undefined;
    const resumed: Sink = {
      open: (text) => void (opened = text),
      write: (batch, context) => again.write(batch, context),
      checkpoint: () => "good",
    };
    const repeats = recordingSink();
    const second = await openBench({ sink: resumed, other: repeats }, {}, clock, store);
    await clock.advance(200);
    assert.equal(opened, "good");
    assert.deepEqual(again.records.map(({ msg }) => msg), ["b"]);
    assert.deepEqual(repeats.records, []);
    await second.close();
  });
}

test("a checkpoint of 256 bytes is stored", async () => {
  const checkpoint = "ä".repeat(128);
  const sink: Sink = { write: () => {}, checkpoint: () => checkpoint };
  const first = await openBench({ sink });
  await first.write("a");
  await first.close();
  let opened: string | undefined;
  const resumed: Sink = { ...sink, open: (text) => void (opened = text) };
  const second = await openBench({ sink: resumed }, {}, first.clock, first.store);
  assert.equal(opened, checkpoint);
  await second.close();
});

test("a sink that is removed while the pipeline closes is closed once", async () => {
  const sink = recordingSink(() => new Promise(() => {}));
  const { pipeline, clock, write } = await openBench({ sink });
  await write("a");
  const removed = pipeline.lanes.remove("sink");
  const closed = pipeline.close({ timeoutMs: 0 });
  await clock.advance(20_000);
  await Promise.all([removed, closed]);
  assert.equal(sink.closed, 1);
});
