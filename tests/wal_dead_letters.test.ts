import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type DeadLetter,
  type DeadLetterOptions,
  type DeadLetters,
  openDeadLetters,
  openWal,
} from "../mod.ts";
import type { DeadLetterFailure } from "../src/delivery/dead_letter.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { type TestDisk, testDisk } from "./support/test_disk.ts";

function entry(seq: number, changes: Partial<DeadLetterFailure> = {}): DeadLetterFailure {
  return {
    id: `log/http/${seq}`,
    lane: "http",
    seq,
    reason: "non_retryable",
    error: "400 \n é",
    attempts: 1,
    record: '{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"line \\n break"}',
    ...changes,
  };
}

async function open(disk: TestDisk, options: DeadLetterOptions = {}): Promise<DeadLetters> {
  const log = await openWal(disk.store(), { segmentBytes: 4096, retain: 0, windowBytes: 0 });
  return await openDeadLetters(log, { clock: fakeClock(), ...options });
}

async function listed(letters: DeadLetters): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of letters.list()) found.push(letter);
  return found;
}

async function seqs(letters: DeadLetters): Promise<number[]> {
  return (await listed(letters)).map(({ seq }) => seq);
}

test("what add() took is durable when it resolves, and comes back whole", async () => {
  const disk = testDisk();
  const letters = await open(disk);
  await letters.add([entry(1), entry(2, { reason: "max_attempts", attempts: 5 })]);
  const killed = await open(disk.copy());
  for (const held of [letters, killed]) {
    const time = "2026-01-01T00:00:00.000Z";
    const both = { firstSeen: time, firstFailed: time, lastFailed: time, replays: 0 };
    const error = { name: "Error", message: "400 \n é" };
    assert.deepEqual(await listed(held), [
      { ...entry(1), ...both, error },
      { ...entry(2, { reason: "max_attempts", attempts: 5 }), ...both, error },
    ]);
    assert.equal(held.size, 2);
  }
  assert.deepEqual([letters.added, killed.added], [2, 0]);
});

test("add() does not resolve while the disk refuses, and rejects when it fails", async () => {
  const disk = testDisk();
  const letters = await open(disk);
  disk.onSync = () => new Error("EIO");
  await assert.rejects(letters.add([entry(1)]), { name: "StoreFailedError" });
});

test("an entry with an id that is held updates it and does not count again", async () => {
  const disk = testDisk();
  const letters = await open(disk);
  await letters.add([entry(1), entry(2)]);
  await letters.add([entry(1, { error: "again", attempts: 2 })]);
  assert.deepEqual([letters.size, letters.added], [2, 2]);
  for (const held of [letters, await open(disk.copy())]) {
    const found = await listed(held);
    assert.equal(found.length, 2);
    const { error, attempts } = found.find(({ seq }) => seq === 1)!;
    assert.deepEqual([error.message, attempts], ["again", 3]);
  }
});

test("beyond maxEntries the oldest goes, is counted, and its segments are trimmed", async () => {
  const disk = testDisk();
  const letters = await open(disk, { maxEntries: 10 });
  for (let i = 1; i <= 100; i++) await letters.add([entry(i)]);
  assert.deepEqual([letters.size, letters.added, letters.stats().evicted.entries], [10, 100, 90]);
  const kept = Array.from({ length: 10 }, (_, i) => 91 + i);
  assert.deepEqual(await seqs(letters), kept);
  assert.ok(disk.segments.length <= 3, `${disk.segments.length} segments`);
  await letters.close();
  const again = await open(disk, { maxEntries: 10 });
  assert.deepEqual(await seqs(again), kept);
  assert.equal(again.size, 10);
});

test("openDeadLetters() refuses a size that is no size", async () => {
  const log = await openWal(testDisk().store());
  for (const maxEntries of [0, -1, 1.5, NaN]) {
    await assert.rejects(openDeadLetters(log, { maxEntries }), RangeError);
  }
});

test("an update of a held letter never trims younger ones", async () => {
  const letters = await open(testDisk());
  for (let seq = 1; seq <= 20; seq++) await letters.add([entry(seq, { error: "x".repeat(300) })]);
  await letters.add([entry(1, { error: "again" })]);
  const seqs: number[] = [];
  for await (const letter of letters.list()) seqs.push(letter.seq);
  assert.deepEqual(seqs, Array.from({ length: 20 }, (_, i) => i + 1));
  await letters.close();
});

test("evictions of earlier openings are not counted again", async () => {
  const disk = testDisk();
  const first = await open(disk, { maxEntries: 5 });
  for (let seq = 1; seq <= 20; seq++) await first.add([entry(seq)]);
  await first.close();
  const second = await open(disk, { maxEntries: 5 });
  const { held, added, evicted } = second.stats();
  const none = { entries: 0, bytes: 0, age: 0 };
  assert.deepEqual({ held, added, evicted }, { held: 5, added: 0, evicted: none });
  await second.close();
});
