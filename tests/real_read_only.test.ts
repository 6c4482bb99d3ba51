/** A folder that becomes read-only under a log, really: the kernel refuses to create and to remove. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { makeReadOnly } from "./support/real_disk.ts";
import { assertHolds } from "./support/real_lines.ts";
import { needs } from "./support/real_needs.ts";
import { assertAllThere, assertWaiting, comes, openTrial, stage } from "./support/real_trial.ts";
import { inFolder } from "./support/spawn.ts";

const READ_ONLY = /read-only/i;
const SEGMENT_BYTES = 64 * 1024;

function segmentsIn(folder: string): string[] {
  return fs.readdirSync(folder).filter((name) => /^wal-.*\.ndjson$/.test(name)).sort();
}

test("a folder that becomes read-only: what cannot be rotated waits, and goes on afterwards", {
  ...needs("a log in a folder that becomes read-only", "mount"),
}, () =>
  inFolder("read-only", async (folder) => {
    const trial = await openTrial(folder, { segmentBytes: SEGMENT_BYTES });
    stage(trial, 50);
    await trial.wal.sync();
    for (let episode = 1; episode <= 2; episode++) {
      using cover = makeReadOnly(folder);
      const before = segmentsIn(folder);
      // The open segment takes what it has room for.
      do stage(trial, 1); while (trial.wal.flushSync());
      const { synced } = await assertWaiting(trial, READ_ONLY);
      assert.deepEqual(segmentsIn(folder), before);
      trial.told.length = 0;
      cover.release();
      await comes(trial.clock, synced);
    }
    await assertAllThere(trial, folder);
  }));

test("a folder that becomes read-only: reading goes on, settled segments go later", {
  ...needs("a trim in a folder that becomes read-only", "mount"),
}, () =>
  inFolder("read-only", async (folder) => {
    const trial = await openTrial(folder, { segmentBytes: SEGMENT_BYTES, retain: 0 });
    const { wal, told, lines } = trial;
    for (let i = 0; i < 40; i++) {
      stage(trial, 25);
      await wal.sync();
    }
    const before = segmentsIn(folder);
    assert.ok(before.length > 4);
    using cover = makeReadOnly(folder);
    await assertHolds(wal, lines);
    const middle = wal.nextSeq >> 1;
    await wal.trim(middle);
    await wal.trim(middle);
    assert.deepEqual(told.map(({ kind }) => kind), ["write-failed"]);
    assert.match(told[0]!.message, READ_ONLY);
    assert.deepEqual(segmentsIn(folder), before);
    cover.release();
    await wal.trim(wal.nextSeq);
    assert.deepEqual(segmentsIn(folder), before.slice(-1));
    stage(trial, 5);
    await comes(trial.clock, wal.sync());
    await wal.close();
    const again = await openTrial(folder);
    assert.deepEqual([again.wal.nextSeq, again.told], [lines.length + 1, []]);
    await again.wal.close();
  }));

test("a log in a read-only folder is refused in one sentence and leaves nothing behind", {
  ...needs("opening a log in a read-only folder", "mount"),
}, () =>
  inFolder("read-only", async (folder) => {
    const trial = await openTrial(folder);
    stage(trial, 50);
    await trial.wal.close();
    const before = fs.readdirSync(folder);
    const cover = makeReadOnly(folder);
    try {
      await assert.rejects(openWal(fileStore(folder)), (error: Error) => {
        assert.match(error.message, /^Cannot [^\n]+$/);
        assert.match(error.message, READ_ONLY);
        assert.ok(error.message.includes(folder), error.message);
        return true;
      });
      assert.deepEqual(fs.readdirSync(folder), before);
    } finally {
      cover.release();
    }
    const again = await openTrial(folder);
    await assertHolds(again.wal, trial.lines);
    await again.wal.close();
  }));

test("a folder that became read-only once the log was open: it closes, and opens afterwards", {
  ...needs("closing a log in a read-only folder", "mount"),
}, () =>
  inFolder("read-only", async (folder) => {
    const trial = await openTrial(folder);
    stage(trial, 50);
    using cover = makeReadOnly(folder);
    await trial.wal.close();
    assert.ok(fs.existsSync(join(folder, "LOCK")), "the kernel does not let it go");
    cover.release();
    const again = await openTrial(folder);
    await assertHolds(again.wal, trial.lines);
    await again.wal.close();
  }));
