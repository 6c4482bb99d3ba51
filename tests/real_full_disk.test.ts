/** A disk that is really full: a file system in memory of a fixed size, filled up with ballast. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openPipeline, StoreFailedError } from "../mod.ts";
import { fileSink } from "../src/sink/file.ts";
import { fileStore } from "../src/storage/file.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { assertAccounted } from "./support/accounting.ts";
import { onSmallDisk, type SmallDisk } from "./support/real_disk.ts";
import { assertHolds, heldLines } from "./support/real_lines.ts";
import { needs } from "./support/real_needs.ts";
import {
  assertAllThere,
  assertWaiting,
  comes,
  openTrial,
  stage,
  waits,
} from "./support/real_trial.ts";
import { inFolder } from "./support/spawn.ts";

const MIB = 1_048_576;
/** How the runtimes call it. */
const NO_SPACE = /no space left/i;

test("a full disk: records wait in memory and go on when space returns", {
  ...needs("a log on a full disk", "mount"),
}, () =>
  onSmallDisk(2 * MIB, async (disk) => {
    const trial = await openTrial(disk.folder);
    stage(trial, 50);
    await trial.wal.sync();
    // Three odd blocks are left, so that a write is cut short before the next one fails.
    disk.fill(3 * disk.blockBytes);
    do stage(trial, 1); while (trial.wal.flushSync());
    const { synced } = await assertWaiting(trial, NO_SPACE);
    disk.empty();
    await comes(trial.clock, synced);
    await assertAllThere(trial, disk.folder);
  }));

test("a disk that is full over and over: each time is told once", {
  ...needs("a log on a disk that is full over and over", "mount"),
}, () =>
  onSmallDisk(2 * MIB, async (disk) => {
    const trial = await openTrial(disk.folder, { segmentBytes: 64 * 1024 });
    for (let episode = 1; episode <= 5; episode++) {
      disk.fill(episode * disk.blockBytes);
      do stage(trial, 1); while (trial.wal.flushSync());
      const { synced } = await assertWaiting(trial, NO_SPACE);
      trial.told.length = 0;
      disk.empty();
      await comes(trial.clock, synced);
    }
    await assertAllThere(trial, disk.folder);
  }));

test("a disk that is full at a rotation: the next segment comes when space returns", {
  ...needs("a rotation on a full disk", "mount"),
}, () =>
  onSmallDisk(2 * MIB, async (disk) => {
    const segmentBytes = 64 * 1024;
    const trial = await openTrial(disk.folder, { segmentBytes });
    const { wal } = trial;
    while (wal.stats().bytes < segmentBytes - 1000) {
      const line = `{"time":"","pad":"${"x".repeat(300)}"}\n`;
      wal.stage(line);
      trial.lines.push(line);
      await wal.sync();
    }
    disk.fill();
    const before = wal.stats();
    // More than the rest of the segment holds.
    const line = `{"time":"","pad":"${"y".repeat(2000)}"}\n`;
    wal.stage(line);
    trial.lines.push(line);
    assert.equal(wal.flushSync(), false);
    const { synced } = await assertWaiting(trial, NO_SPACE);
    assert.equal(wal.stats().segments, before.segments, "no segment came of it");
    disk.empty();
    await comes(trial.clock, synced);
    assert.ok(wal.stats().segments > before.segments);
    await assertAllThere(trial, disk.folder);
  }));

test("a log that is closed on a full disk rejects who waits and keeps what it acknowledged", {
  ...needs("closing a log on a full disk", "mount"),
}, () =>
  onSmallDisk(2 * MIB, async (disk) => {
    const trial = await openTrial(disk.folder, { segmentBytes: 64 * 1024 });
    stage(trial, 50);
    await trial.wal.sync();
    const acknowledged = trial.wal.durableSeq - 1;
    disk.fill();
    do stage(trial, 1); while (trial.wal.flushSync());
    const { synced } = await assertWaiting(trial, NO_SPACE);
    const refused = assert.rejects(synced, StoreFailedError);
    await trial.wal.close();
    await refused;
    disk.empty();
    const again = await openTrial(disk.folder);
    const held = await heldLines(again.wal);
    assert.ok(held.length >= acknowledged && held.length < trial.lines.length);
    assert.deepEqual(held, trial.lines.slice(0, held.length));
    await again.wal.close();
  }));

test("a disk that is full at opening: the log opens, is read, and takes records for later", {
  ...needs("opening a log on a full disk", "mount"),
}, () =>
  onSmallDisk(2 * MIB, async (disk) => {
    const before = await openTrial(disk.folder);
    stage(before, 200);
    await before.wal.close();
    // The lock needs a block; nothing is left for a segment.
    disk.fill(disk.blockBytes);
    const trial = await openTrial(disk.folder);
    trial.lines.push(...before.lines);
    await assertHolds(trial.wal, before.lines);
    stage(trial, 5);
    const { synced } = await assertWaiting(trial, NO_SPACE);
    disk.empty();
    await comes(trial.clock, synced);
    await assertAllThere(trial, disk.folder);
  }));

test("a log that was killed opens on a full disk, torn tail and all", {
  ...needs("opening a killed log on a full disk", "mount"),
}, () =>
  onSmallDisk(2 * MIB, async (disk) => {
    const before = await openTrial(disk.folder);
    stage(before, 200);
    await before.wal.close();
    const last = fs.readdirSync(disk.folder).filter((name) => /^wal-/.test(name)).sort().at(-1)!;
    fs.appendFileSync(join(disk.folder, last), '{"$":"frame","seq":201,"n":7,');
    disk.fill(disk.blockBytes);
    const trial = await openTrial(disk.folder);
    trial.lines.push(...before.lines);
    assert.deepEqual(trial.told.map(({ kind }) => kind).filter((kind) => kind === "damage"), []);
    await assertHolds(trial.wal, before.lines);
    disk.empty();
    stage(trial, 5);
    await assertAllThere(trial, disk.folder);
  }));

test("a disk without room even for the lock: a log that was closed opens and is read", {
  ...needs("a lock on a full disk", "mount"),
}, () =>
  onSmallDisk(2 * MIB, async (disk) => {
    const before = await openTrial(disk.folder);
    stage(before, 200);
    await before.wal.close();
    disk.fill();
    const opened = await openTrial(disk.folder);
    assert.equal((await heldLines(opened.wal)).length, before.lines.length);
    await opened.wal.close();
    disk.empty();
    const trial = await openTrial(disk.folder);
    trial.lines.push(...before.lines);
    await assertAllThere(trial, disk.folder);
  }));

test("a pipeline whose log is on a full disk refuses, waits, and goes on; its counts add up", {
  ...needs("a pipeline on a full disk", "mount"),
}, () => inFolder("full", (output) => onSmallDisk(2 * MIB, (disk) => fillPipeline(disk, output))));

async function fillPipeline(disk: SmallDisk, output: string): Promise<void> {
  const told: string[] = [];
  const path = join(output, "out.ndjson");
  const clock = fakeClock();
  const pipeline = await openPipeline({
    wal: { store: fileStore(disk.folder), retain: "all" },
    buffer: { capacity: 100 },
    sinks: { file: fileSink({ path }) },
    onEvent: ({ kind }) => void told.push(kind),
    clock,
  });
  const accepted: number[] = [];
  let offered = 0;
  const write = (): boolean => {
    const n = offered++;
    const isAccepted = pipeline.write({ level: "info", msg: String(n) });
    if (isAccepted) accepted.push(n);
    return isAccepted;
  };
  for (let i = 0; i < 50; i++) assert.ok(write());
  await comes(clock, pipeline.durable());
  disk.fill();
  // Ends, since memory is bounded: neither the buffer nor the log's staging takes more than their share.
  while (write()) if (offered % 100 === 0) await clock.advance(0);
  assert.equal(write(), false);
  const n = offered++;
  const appended = pipeline.append({ level: "info", msg: String(n) });
  assert.ok(await waits(clock, appended), "append did not wait for room");
  const durable = pipeline.durable();
  assert.ok(await waits(clock, durable), "an acknowledgement from a full disk");
  assert.ok(told.filter((kind) => /write-failed/.test(kind)).length >= 1, told.join());
  disk.empty();
  await comes(clock, appended);
  accepted.push(n);
  await comes(clock, durable);
  assert.ok(write());
  await comes(clock, pipeline.drain().then(() => {}));
  const stats = pipeline.stats();
  assert.equal(stats.offered, offered);
  assert.equal(stats.accepted, accepted.length);
  assertAccounted(stats);
  await comes(clock, pipeline.close().then(() => {}));
  const found = fs.readFileSync(path, "utf8").split("\n").slice(0, -1)
    .map((line) => Number((JSON.parse(line) as { msg: string }).msg));
  assert.deepEqual(found, accepted);
}
