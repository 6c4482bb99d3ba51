/** A crash between every two calls that change the disk, and again while the log recovers from it. */
import type { CrashKind } from "../../src/testing/mod.ts";
import type { FaultCase } from "./faults.ts";
import { ModelledLog } from "./wal_model.ts";
import { valueOf } from "./wal_model_outcome.ts";

const file = "tests/wal_simulation.test.ts";
const KINDS: readonly CrashKind[] = ["kill", "power"];

/** A short life with everything in it: rotation, cursors, a trim, a close, and a second start. */
async function life(log: ModelledLog): Promise<void> {
  await log.start();
  for (let rounds = 0; rounds < 2; rounds++) {
    await valueOf(log.commit(2, 900), "a commit");
    log.stage(2, 3000);
    log.wal.flushSync();
    const commit = log.commit(2, 3000);
    log.saveCursors(log.wal.durableSeq);
    await valueOf(log.syncCursors(), "syncing the cursors");
    await valueOf(commit, "a commit");
    await valueOf(log.trim(log.saves.at(-1)![0]!.nextSeq), "a trim");
  }
  log.stage(3, 900);
  await valueOf(log.wal.close(), "closing");
  log.acked = log.lines.length + 1;
  await valueOf(log.start(), "opening");
  log.stage(2, 900);
  log.wal.flushSync();
}

function newLog(seed: number): ModelledLog {
  return new ModelledLog(seed, { segmentBytes: 4096, retain: 0 });
}

/** Counts the calls of a life without a crash. */
async function countCalls(seed: number): Promise<number> {
  const log = newLog(seed);
  await life(log);
  return log.disk.calls;
}

async function crashAt(seed: number, call: number, kind: CrashKind): Promise<void> {
  const log = newLog(seed);
  log.disk.crashAt(call, kind);
  if (await log.untilCrash(() => life(log))) log.crash(kind);
  // Recovery is cut as well, at a place that differs from point to point.
  log.disk.crashAt(log.disk.calls + 1 + call % 9, kind);
  if (await log.untilCrash(() => log.open())) log.crash(kind);
  await log.open();
  await log.crashTwice(kind);
}

async function everyPoint(seed: number): Promise<void> {
  const calls = await countCalls(seed);
  for (const kind of KINDS) {
    for (let call = 1; call <= calls + 1; call++) {
      await crashAt(seed, call, kind).catch((error: Error) => {
        error.message = `${kind} before call ${call} of ${calls}: ${error.message}`;
        throw error;
      });
    }
  }
}

/** All places at which a crash makes a difference. */
export const POINT_CASES: readonly FaultCase[] = [
  { name: "crash points: a kill and a power cut before every call", file, run: everyPoint },
];
