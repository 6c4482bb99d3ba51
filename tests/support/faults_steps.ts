/** Cases 15 to 20: crashes between steps, cursors, second writers, ends, and files in wrong places. */
import assert from "node:assert/strict";
import type { CursorRow, Wal } from "../../mod.ts";
import type { CrashKind } from "../../src/testing/mod.ts";
import type { FaultCase } from "./faults.ts";
import { lineOf } from "./read_log.ts";
import { ModelledLog } from "./wal_model.ts";
import { headerLine } from "./wal_model_frames.ts";
import { outcomeOf, valueOf } from "./wal_model_outcome.ts";

const file = "tests/wal_simulation.test.ts";
const KINDS: readonly CrashKind[] = ["kill", "power"];

/** Writes so much that nearly every commit begins a segment. */
async function rotate(log: ModelledLog, commits: number): Promise<void> {
  for (let i = 0; i < commits; i++) {
    const commit = log.commit(1 + log.random.below(4), 3000);
    if (log.random.chance(0.6)) await valueOf(commit, "a commit");
    else for (let turns = log.random.below(10); turns > 0; turns--) await undefined;
  }
}

async function crashInRotation(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 4096 });
  await log.open();
  for (let lives = 0; lives < 3; lives++) {
    const kind = log.random.pick(KINDS);
    log.disk.crashAt(log.disk.calls + 1 + log.random.below(60), kind);
    if (await log.untilCrash(() => rotate(log, 8))) log.crash(kind);
    await log.open();
  }
  await log.crashTwice("power");
}

/** Moves a cursor on, and gives up what is below it, in the order that loses nothing. */
async function advanceCursor(log: ModelledLog): Promise<void> {
  for (let rounds = 0; rounds < 4; rounds++) {
    await valueOf(log.commit(2 + log.random.below(4), 2000), "a commit");
    const nextSeq = log.random.pick([log.wal.durableSeq, Math.max(1, log.wal.durableSeq - 2)]);
    log.saveCursors(nextSeq);
    await valueOf(log.syncCursors(), "syncing the cursors");
    await valueOf(log.trim(nextSeq), "a trim");
    for (let saves = log.random.below(4); saves > 0; saves--) log.saveCursors(log.wal.durableSeq);
  }
}

async function crashInTrim(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 4096, retain: 0 });
  await log.open();
  for (let lives = 0; lives < 3; lives++) {
    const kind = log.random.pick(KINDS);
    log.disk.crashAt(log.disk.calls + 1 + log.random.below(70), kind);
    if (await log.untilCrash(() => advanceCursor(log))) log.crash(kind);
    await log.open();
    const rows = log.wal.cursors();
    // A kill takes nothing that was written: at most the save that it cut.
    const saves = kind === "kill" ? log.saves.slice(-2) : log.saves;
    const known = saves.find((saved) => JSON.stringify(saved) === JSON.stringify(rows));
    assert.ok(known, `the cursors are of a save that was made: ${JSON.stringify(rows)}`);
    assert.ok(log.wal.firstSeq <= (rows[0]?.nextSeq ?? 1), "what a cursor still needs is there");
    // What was cut is gone; what was not synced may go with the next power cut.
    log.saves = kind === "power" ? [rows] : log.saves.slice(0, log.saves.indexOf(known) + 1);
  }
}

/** A reader that starts anywhere comes to an end. */
async function readsEnd(wal: Wal): Promise<void> {
  for (const from of [0, 1, wal.nextSeq, wal.nextSeq + 5, 2 ** 53 - 2]) {
    const reader = wal.reader(from);
    for (let reads = 0;; reads++) {
      assert.ok(reads < 10_000, `a reader from ${from} never ends`);
      const read = await reader.next();
      if (read.kind === "end") break;
    }
    reader.close();
  }
}

async function cursorsAstray(seed: number): Promise<void> {
  const log = new ModelledLog(seed);
  await log.open();
  await valueOf(log.commit(5), "a commit");
  log.saveCursors(3);
  await valueOf(log.syncCursors(), "syncing the cursors");
  const stale = log.disk.bytes("cursors");
  await valueOf(log.commit(5), "a commit");
  log.saveCursors(9);
  await valueOf(log.syncCursors(), "syncing the cursors");
  log.crash("kill");
  const nextSeqs = (rows: readonly CursorRow[]): number[] => rows.map((row) => row.nextSeq);
  let expected: number[][] = [[9]];
  const what = seed % 5;
  if (what === 0) {
    log.disk.drop("cursors");
    expected = [[]];
  } else if (what === 1) {
    log.disk.put("cursors", stale);
    expected = [[3]];
  } else if (what === 2) {
    const bytes = log.disk.bytes("cursors");
    for (let i = 0; i < 8; i++) bytes[log.random.below(bytes.length)]! ^= 0xff;
    for (let slot = 0; slot < bytes.length; slot += 65_536) {
      bytes[slot + log.random.below(60)]! ^= 0x10;
    }
    log.disk.put("cursors", bytes);
    expected = [[]];
  } else if (what === 3) {
    log.disk.put("cursors", stale.slice(0, log.random.below(stale.length)));
    expected = [[], [3]];
  } else {
    // Ahead of the log: the segments are as they were before the last records.
    for (const name of log.segments) log.disk.drop(name);
    log.lines.length = 0;
    log.acked = 1;
  }
  await log.open({}, { onDamage: what === 4 ? "quarantine" : "refuse" });
  const found = nextSeqs(log.wal.cursors());
  assert.ok(expected.some((rows) => rows.join() === found.join()), `cursors at ${found}`);
  await readsEnd(log.wal);
  await valueOf(log.commit(2), "a commit");
  await readsEnd(log.wal);
  await log.check();
}

async function secondWriter(seed: number): Promise<void> {
  const log = new ModelledLog(seed);
  await log.open();
  await valueOf(log.commit(2 + log.random.below(4), 900), "a commit");
  log.saveCursors(2);
  const zombie = log.wal;
  for (let i = log.random.below(3); i > 0; i--) zombie.stage(lineOf("of the zombie, before"));
  const early = log.random.chance(0.5) ? outcomeOf(zombie.sync()) : undefined;
  for (let turns = log.random.below(10); turns > 0; turns--) await undefined;
  // What the zombie had written by now may be found: it was written before the second one opened.
  for (let seq = log.lines.length + 1; seq < zombie.nextSeq; seq++) {
    log.lines.push(lineOf("of the zombie, before").slice(0, -1));
  }
  await log.open();
  const { acked } = log;
  if ((await early)?.state === "resolved") {
    assert.ok(acked >= zombie.nextSeq, "what the first one promised is kept");
  }
  await valueOf(log.commit(3, 900), "a commit of the second");
  log.saveCursors(3);
  for (let i = 0; i < 3; i++) zombie.stage(lineOf("of the zombie, after"));
  const late = await outcomeOf(zombie.sync());
  assert.equal(late.state, "rejected", "the first one promises nothing any more");
  if (late.state === "rejected") {
    assert.equal((late.error as Error).name, "StoreFailedError", String(late.error));
  }
  assert.equal(zombie.failure?.name, "StoreFailedError");
  try {
    zombie.saveCursorsSync([]);
    await zombie.syncCursors();
  } catch {
    // Refused, which is as good as doing nothing.
  }
  await valueOf(log.commit(2, 900), "a commit of the second");
  await outcomeOf(zombie.close());
  await valueOf(log.wal.close(), "closing");
  log.crash("kill");
  await log.open();
  assert.deepEqual(log.wal.cursors().map(({ nextSeq }) => nextSeq), [3]);
  await log.crashTwice("power");
}

async function endWithWaiters(seed: number): Promise<void> {
  const log = new ModelledLog(seed);
  await log.open();
  await valueOf(log.commit(3, 900), "a commit");
  const waiter = log.commit(1 + log.random.below(5), 3000);
  for (let turns = log.random.below(6); turns > 0; turns--) await undefined;
  if (seed % 3 === 0) {
    log.life++;
    log.disk.exit();
    await log.open();
    return await log.crashTwice("power");
  }
  if (seed % 3 === 1) {
    const closing = log.wal.close();
    assert.equal((await outcomeOf(waiter)).state, "resolved");
    await valueOf(closing, "closing");
  } else {
    log.disk.inject({ on: "write", error: "ENOSPC", times: Infinity });
    log.stage(2, 900);
    const late = log.sync();
    const closing = outcomeOf(log.wal.close());
    assert.notEqual((await closing).state, "pending", "closing ends on a full disk");
    assert.equal((await outcomeOf(late)).state, "rejected");
    assert.notEqual((await outcomeOf(waiter)).state, "pending");
    log.disk.heal();
  }
  assert.equal((await outcomeOf(log.wal.sync())).state, "rejected", "a closed log takes nothing");
  log.crash("power", "lost");
  await log.open();
}

/** Removes a segment between others; exactly its records are missing. */
async function missingSegment(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 4096, windowBytes: 0 });
  await log.open();
  while (log.segments.length < 5) await valueOf(log.commit(2, 2000), "a commit");
  await valueOf(log.wal.close(), "closing");
  log.crash("kill");
  const at = 1 + log.random.below(log.segments.length - 2);
  const [name, next] = log.segments.slice(at);
  const firstOf = (segment: string): number => Number(segment.slice(4, 24));
  const firstSeq = firstOf(name!);
  const gaps = [{ firstSeq, count: firstOf(next!) - firstSeq }];
  if (seed % 2 === 1) {
    log.disk.put(name!.replace(/-[0-9a-f]{8}\./, "-0badf00d."), log.disk.bytes(name!));
  }
  log.disk.drop(name!);
  const opened = await outcomeOf(log.start({ onDamage: "refuse" }));
  // Under another name all may still be there to be read, which is better than to refuse it.
  if (seed % 2 === 1 && opened.state === "resolved") return await log.check();
  assert.equal(opened.state, "rejected");
  log.crash("kill");
  await log.open({ gaps }, { onDamage: "quarantine" });
  await valueOf(log.commit(2), "a commit");
  log.crash("power");
  await log.open({ gaps }, { onDamage: "quarantine" });
}

/** Copies in a segment of another log, whose records are never taken for ours. */
async function foreignSegment(seed: number): Promise<void> {
  const other = new ModelledLog(seed + 1_000_000);
  await other.open();
  await valueOf(other.commit(5), "a commit");
  const log = new ModelledLog(seed);
  await log.open();
  await valueOf(log.commit(5), "a commit");
  log.saveCursors(1);
  await valueOf(log.wal.close(), "closing");
  log.crash("kill");
  for (const name of other.segments) log.disk.put(name, other.disk.bytes(name));
  assert.equal((await outcomeOf(log.start({ onDamage: "refuse" }))).state, "rejected");
  log.crash("kill");
  await log.open({}, { onDamage: "quarantine" });
}

/** Time that jumps back is never used for order. */
async function clockJumps(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 4096 });
  for (let lives = 0; lives < 4; lives++) {
    const now = log.random.below(2 ** 41);
    await log.open({}, { clock: { ...log.clock, now: () => now } });
    await valueOf(log.commit(3, 3000), "a commit");
    log.crash("kill");
  }
  await log.open();
}

/** Sequence numbers come near to what a number holds exactly. */
async function numbersEnd(seed: number): Promise<void> {
  const log = new ModelledLog(seed);
  const first = Number.MAX_SAFE_INTEGER - 5;
  const salt = "0badf00d";
  const header = { $: "segment", version: 1, log: "0123456789abcdef", epoch: 1, first, prev: null };
  const name = `wal-${String(first).padStart(20, "0")}-${salt}.ndjson`;
  log.disk.put(name, headerLine({ ...header, created: "", inputs: [], salt }));
  await log.start();
  assert.equal(log.wal.nextSeq, first);
  for (let i = 0; i < 4; i++) assert.equal(log.wal.stage(lineOf(`${i}`)), first + i);
  await valueOf(log.wal.sync(), "a commit");
  const beyond = (): void => {
    for (let i = 0; i < 9; i++) log.wal.stage(lineOf("too far"));
  };
  assert.throws(beyond, RangeError, "no number is given that a number does not hold exactly");
}

const ASTRAY = [missingSegment, foreignSegment, missingSegment, clockJumps, numbersEnd];

/** Cases 15 to 20. */
export const STEP_CASES: readonly FaultCase[] = [
  { name: "case 15: a crash at any step of a rotation", file, run: crashInRotation },
  { name: "case 16: a crash at any step of giving up segments", file, run: crashInTrim },
  { name: "case 17: cursors that are lost, stale, torn or ahead", file, run: cursorsAstray },
  { name: "case 18: a writer that sleeps while another takes its place", file, run: secondWriter },
  {
    name: "case 19: an end while somebody waits for an acknowledgement",
    file,
    run: endWithWaiters,
  },
  {
    name:
      "case 20: segments that are missing, renamed or foreign, clocks that jump, numbers that end",
    file,
    run: (seed) => ASTRAY[seed % ASTRAY.length]!(seed),
  },
];
