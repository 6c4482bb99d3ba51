import assert from "node:assert/strict";
import { type LogNotice, openWal, type Wal, type WalOptions } from "../../mod.ts";
import { fileStore } from "../../src/storage/file.ts";
import { type FakeClock, fakeClock } from "../../src/testing/mod.ts";
import { assertHolds, mixedLine } from "./real_lines.ts";

/** An open log, and what was staged and told. */
export interface Trial {
  readonly wal: Wal;
  readonly clock: FakeClock;
  readonly lines: string[];
  readonly told: LogNotice[];
}

/** Opens a log in a folder of the file system, with a clock that is moved by hand. */
export async function openTrial(folder: string, options: WalOptions = {}): Promise<Trial> {
  const told: LogNotice[] = [];
  const clock = fakeClock();
  const wal = await openWal(fileStore(folder), {
    retain: "all",
    windowBytes: 0,
    onNotice: (notice) => told.push(notice),
    clock,
    ...options,
  });
  return { wal, clock, lines: [], told };
}

/** Stages so many lines more. */
export function stage({ wal, lines }: Trial, count: number): void {
  for (let i = 0; i < count; i++) {
    const line = mixedLine(wal.nextSeq, "full");
    wal.stage(line);
    lines.push(line);
  }
}

/** Moves time on until the promise has settled; the runner's limit ends it if it never does. */
export async function comes(clock: FakeClock, promise: Promise<void>): Promise<void> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  while (!isSettled) await clock.advance(250);
  await promise;
}

/** Whether a promise is still pending after time for several tries. */
export async function waits(clock: FakeClock, promise: Promise<void>): Promise<boolean> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  await clock.advance(2000);
  return !isSettled;
}

/** Checks a log that can write nothing: it says once `why`, loses nothing, promises nothing. */
export async function assertWaiting(
  trial: Trial,
  why: RegExp,
): Promise<{ synced: Promise<void> }> {
  const { wal, clock, told } = trial;
  const { durableSeq } = wal;
  const synced = wal.sync();
  assert.ok(await waits(clock, synced), "an acknowledgement of what cannot be written");
  assert.deepEqual(told.map(({ kind }) => kind), ["write-failed"], "one notice an episode");
  assert.match(told[0]!.message, why);
  assert.ok(told[0]!.message.includes(wal.store.label));
  assert.equal(wal.failure, undefined);
  assert.ok(wal.durableSeq >= durableSeq && wal.durableSeq < wal.nextSeq);
  const { stagedBytes } = wal;
  assert.ok(stagedBytes > 0);
  stage(trial, 5);
  assert.ok(wal.stagedBytes > stagedBytes, "records are taken and wait in memory");
  return { synced };
}

/** Checks that all is there, now and after a start. */
export async function assertAllThere(trial: Trial, folder: string): Promise<void> {
  const { wal, lines, clock } = trial;
  await comes(clock, wal.sync());
  assert.deepEqual([wal.durableSeq, wal.stagedBytes], [lines.length + 1, 0]);
  await assertHolds(wal, lines);
  await wal.close();
  const again = await openTrial(folder);
  await assertHolds(again.wal, lines);
  assert.deepEqual(again.told, [], "nothing to repair");
  await again.wal.close();
}
