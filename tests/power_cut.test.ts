/** What a power cut may not take: records that were delivered to a file which was not synced. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline, type Sink } from "../mod.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import { simulatedDisk } from "../src/testing/mod.ts";
import { seededRandom } from "../src/testing/random.ts";

/** A pipeline that died with its disk keeps no process alive. */
const clock: Clock = { ...systemClock, hold: () => () => {} };

/** A sink that keeps lines in a file of its own, of which a power cut leaves any length after the synced. */
function losingFile(): Sink & { lines: string[]; synced: number } {
  const file = {
    lines: [] as string[],
    synced: 0,
    open(checkpoint: string | undefined) {
      // As fileSink does: back to the place of the checkpoint, if the file is that long.
      const length = Number(checkpoint ?? 0);
      if (length <= file.lines.length) file.lines.length = length;
    },
    write(batch: { records(): Iterable<{ msg: string }> }) {
      for (const { msg } of batch.records()) file.lines.push(msg);
    },
    checkpoint: () => String(file.lines.length),
    sync: () => void (file.synced = file.lines.length),
  };
  return file as unknown as Sink & { lines: string[]; synced: number };
}

test("Durable means durable: what a pipeline acknowledged survives any power cut", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const disk = simulatedDisk({ seed });
    const acknowledged: string[] = [];
    const delivered: string[] = [];
    const open = () =>
      openPipeline({
        sinks: {
          list: (batch) => {
            for (const { msg } of batch.records()) delivered.push(msg);
          },
        },
        wal: { store: disk.store(), segmentBytes: 4096, retain: 0 },
        onEvent: () => {},
        clock,
      });
    for (let life = 0; life < 4; life++) {
      let isOver = false;
      disk.crashAt(disk.calls + 60 + (seed * 7) % 97, "power");
      await disk.untilCrash(async () => {
        const pipeline = await open();
        for (let i = 0; !isOver; i++) {
          const msg = `${life}-${i}`;
          await pipeline.append({ level: "info", msg });
          if (!isOver) acknowledged.push(msg);
        }
      });
      isOver = true;
    }
    const last = await open();
    await last.drain();
    await last.close();
    const missing = acknowledged.filter((msg) => !delivered.includes(msg));
    assert.deepEqual(missing, [], `seed ${seed}`);
    assert.ok(acknowledged.length > 0);
  }
});

test("a power cut after a cursor was stored loses no record that the sink's file loses", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const disk = simulatedDisk({ seed });
    const file = losingFile();
    const given: string[] = [];
    const open = () =>
      openPipeline({
        sinks: { file },
        wal: { store: disk.store(), segmentBytes: 4096, retain: 0 },
        onEvent: () => {},
        clock,
      });
    let pipeline = await open();
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 20; i++) {
        const msg = `${life}-${i}`;
        given.push(msg);
        await pipeline.append({ level: "info", msg });
      }
      await pipeline.drain();
      // As the spill of an ending process does: the cursors are stored, and nobody syncs.
      disk.exit();
      disk.crash("power");
      const lost = file.lines.length - file.synced;
      file.lines.length -= random.below(lost + 1);
      pipeline = await open();
    }
    await pipeline.drain();
    assert.deepEqual(file.lines, given, `seed ${seed}`);
    await pipeline.close();
  }
});
