/** Cases 10 to 14: the disk refuses. */
import assert from "node:assert/strict";
import type { FaultCase } from "./faults.ts";
import { readLog } from "./read_log.ts";
import { ModelledLog } from "./wal_model.ts";
import { outcomeOf, rest, valueOf } from "./wal_model_outcome.ts";

const file = "tests/wal_simulation.test.ts";
/** Segments, under whatever name they are being made. */
const SEGMENT = /^(?!cursors)/;

/** A log with some acknowledged records, and some that are staged or written. */
async function begun(seed: number): Promise<ModelledLog> {
  const log = new ModelledLog(seed);
  await log.open();
  for (let commits = 1 + log.random.below(3); commits > 0; commits--) {
    await valueOf(log.commit(1 + log.random.below(4), 900), "a commit");
  }
  log.stage(log.random.below(3));
  if (log.random.chance(0.5)) log.wal.flushSync();
  return log;
}

/** Everybody who waits is told that the log has failed. */
async function isFailed(promise: Promise<void>): Promise<void> {
  const outcome = await outcomeOf(promise);
  assert.equal(outcome.state, "rejected");
  if (outcome.state !== "rejected") return;
  assert.equal((outcome.error as Error).name, "StoreFailedError", String(outcome.error));
}

async function syncFailsOnce(seed: number): Promise<void> {
  const log = await begun(seed);
  const after = log.random.below(3);
  const withdraw = log.disk.inject({ on: "sync", error: "EIO", file: SEGMENT, after });
  const waiters: Promise<void>[] = [];
  for (let commits = 0; commits < 6; commits++) {
    waiters.push(log.commit(1 + log.random.below(3), log.random.pick([100, 3000])));
    for (let turns = log.random.below(12); turns > 0; turns--) await undefined;
  }
  for (const waiter of waiters) assert.equal((await log.eventually(waiter)).state, "resolved");
  assert.equal(log.wal.failure, undefined);
  assert.equal(log.acked, log.lines.length + 1);
  await log.check();
  withdraw();
  await log.crashTwice("power", "lost");
}

/** Fails every sync from now on; the log must stop, and say so to everybody. */
async function failForEver(log: ModelledLog): Promise<() => void> {
  const withdraw = log.disk.inject({ on: "sync", error: "EIO", file: SEGMENT, times: Infinity });
  const before = log.acked;
  const waiters = [log.commit(1 + log.random.below(3)), log.commit(2)];
  for (const waiter of waiters) await isFailed(waiter);
  await isFailed(log.commit(1));
  assert.equal(log.acked, before);
  assert.equal(log.wal.failure?.name, "StoreFailedError");
  assert.equal(log.wal.flushSync(), false);
  await log.checkAcknowledged();
  return withdraw;
}

async function syncFailsForEver(seed: number): Promise<void> {
  const log = await begun(seed);
  const withdraw = await failForEver(log);
  if (log.random.chance(0.5)) {
    assert.notEqual((await outcomeOf(log.wal.close())).state, "pending", "closing ends");
  }
  log.crash(log.random.pick(["kill", "power"]));
  withdraw();
  await log.open();
  await log.crashTwice("power");
}

/** What can be read after a failed sync is not on the disk, and no later sync brings it there. */
async function pageCacheLies(seed: number): Promise<void> {
  const log = await begun(seed);
  const withdraw = await failForEver(log);
  log.crash("kill");
  withdraw();
  if (log.random.chance(0.5)) log.disk.evict();
  await log.open();
  await log.crashTwice("power", log.random.pick(["lost", "torn"]));
}

/** Writes until the disk is full and a waiter waits. */
async function fillUp(log: ModelledLog): Promise<{ waiter: Promise<void> }> {
  log.disk.capacityBytes = log.disk.usedBytes + log.random.below(4000);
  let { acked } = log;
  let waiter = log.commit(3 + log.random.below(3), 1);
  // Reserved room takes some.
  for (let commits = 0; commits < 50; commits++) {
    if ((await outcomeOf(waiter)).state !== "resolved") break;
    acked = log.acked;
    waiter = log.commit(5 + log.random.below(10), 3000);
  }
  assert.equal((await log.eventually(waiter)).state, "pending", "who waits for room waits on");
  assert.equal(log.acked, acked);
  assert.equal(log.wal.failure, undefined);
  assert.ok(log.wal.stagedBytes > 0);
  assert.equal(log.notices.filter(({ kind }) => kind === "write-failed").length, 1);
  await log.checkAcknowledged();
  return { waiter };
}

async function noRoomInABatch(seed: number): Promise<void> {
  const log = await begun(seed);
  const { waiter } = await fillUp(log);
  log.disk.heal();
  assert.equal((await log.eventually(waiter)).state, "resolved");
  await log.check();
  await log.crashTwice("power", "lost");
}

async function noRoomAtTheStart(seed: number): Promise<void> {
  const log = await begun(seed);
  await fillUp(log);
  log.crash("kill");
  log.notices.length = 0;
  await log.open({ isFull: true });
  const waiter = log.commit(1 + log.random.below(3), 3000);
  const { state } = await log.eventually(waiter);
  if (state === "pending") {
    await log.checkAcknowledged();
    log.disk.heal();
    assert.equal((await log.eventually(waiter)).state, "resolved");
  } else assert.equal(state, "resolved");
  await log.check();
  log.disk.heal();
  await log.crashTwice("power", "lost");
}

/** What refuses while the fault lasts, and must work by itself when it is over. */
async function passes(log: ModelledLog, withdraw: () => void): Promise<void> {
  const waiters: Promise<void>[] = [];
  for (let commits = 0; commits < 4; commits++) {
    waiters.push(log.commit(2 + log.random.below(4), 3000));
    await rest();
  }
  const last = waiters.at(-1)!;
  await log.eventually(last);
  assert.equal(log.wal.failure, undefined, "a full disk is no failure");
  await log.checkAcknowledged();
  withdraw();
  for (const waiter of waiters) assert.equal((await log.eventually(waiter)).state, "resolved");
  await log.check();
  await log.crashTwice("power", "lost");
}

async function noRoomElsewhere(seed: number): Promise<void> {
  const log = await begun(seed);
  const { disk } = log;
  if (seed % 3 === 0) {
    disk.fullAt = "sync";
    disk.capacityBytes = disk.usedBytes + log.random.below(4000);
    return await passes(log, () => disk.heal());
  }
  const on = seed % 3 === 1 ? "create" : "reserve";
  await passes(log, disk.inject({ on, error: "ENOSPC", times: Infinity, file: SEGMENT }));
}

/** A sync says that it is done and is not: what it lost is told, and nothing else is lost with it. */
async function syncLies(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 100_000, windowBytes: 0 });
  await log.open();
  await valueOf(log.commit(1 + log.random.below(3)), "a commit");
  const firstSeq = log.acked;
  log.disk.inject({ on: "sync", error: "lie", file: /^wal-/ });
  await valueOf(log.commit(1 + log.random.below(4), 3000), "a commit that the disk forgets");
  const within = { firstSeq, count: log.acked - firstSeq };
  for (let commits = 2 + log.random.below(3); commits > 0; commits--) {
    await valueOf(log.commit(1 + log.random.below(3), 3000), "a commit");
  }
  log.notices.length = 0;
  log.crash("power");
  await log.open({ within }, { onDamage: "quarantine" });
  const found = await valueOf(readLog(log.wal), "reading");
  assert.ok(found.gaps.length === 0 || log.notices.length > 0, "the loss is told");
  await valueOf(log.commit(2), "a commit");
  log.crash("power");
  await log.open({ within }, { onDamage: "quarantine" });
}

/** Cases 10 to 14, and one for a disk that lies. */
export const ERROR_CASES: readonly FaultCase[] = [
  {
    name: "case 10: a sync that fails once is made good in a new segment before it is acknowledged",
    file,
    run: syncFailsOnce,
  },
  {
    name: "case 11: syncs that fail for ever stop the log, and all that was acknowledged is there",
    file,
    run: syncFailsForEver,
  },
  {
    name: "case 12: nothing rests on a sync that reports success after one that failed",
    file,
    run: pageCacheLies,
  },
  {
    name: "case 13: a disk without room passes, in the middle of a batch and at the start",
    file,
    run: (seed) => seed % 2 === 0 ? noRoomInABatch(seed) : noRoomAtTheStart(seed),
  },
  {
    name: "case 14: a disk without room passes, at a rotation, at a reservation and at a sync",
    file,
    run: noRoomElsewhere,
  },
  {
    name: "case 21: a sync that lies once loses nothing but its own records, and that is told",
    file,
    run: syncLies,
  },
];
