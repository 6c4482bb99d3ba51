/** Cases 1 to 5: the process or the power goes. */
import assert from "node:assert/strict";
import type { CrashKind, PowerCutManner } from "../../src/testing/mod.ts";
import type { FaultCase } from "./faults.ts";
import { ModelledLog } from "./wal_model.ts";
import { framesOf } from "./wal_model_frames.ts";
import { outcomeOf, valueOf } from "./wal_model_outcome.ts";

const file = "tests/wal_simulation.test.ts";

/** A program that writes, waits here and there, saves cursors and trims, as the seed says. */
export async function writeAWhile(log: ModelledLog, steps: number): Promise<void> {
  const { random } = log;
  for (let step = 0; step < steps; step++) {
    log.stage(1 + random.below(4), random.pick([50, 400, 3000]));
    const what = random.below(10);
    if (what < 4) await valueOf(log.sync(), "a commit");
    else if (what < 6) void log.sync();
    else if (what < 8) log.wal.flushSync();
    for (let turns = random.below(8); turns > 0; turns--) await undefined;
    if (random.chance(0.1)) log.saveCursors(1 + random.below(log.wal.writtenSeq));
  }
}

/** Lives of a program, each ended by a crash at a place that the seed picks. */
async function livesAndCrashes(
  seed: number,
  kind: CrashKind,
  manner?: PowerCutManner,
): Promise<void> {
  const log = new ModelledLog(seed, {}, { shortWrites: seed % 3 === 0 ? 0.3 : 0 });
  await log.open();
  for (let lives = 0; lives < 2; lives++) {
    const at = log.disk.calls + 1 + log.random.below(60);
    log.disk.crashAt(at, kind, manner);
    const ended = await log.untilCrash(() => writeAWhile(log, 10));
    if (ended) log.crash(kind, manner);
    await log.open();
  }
  await log.crashTwice(kind, manner);
}

/** Gives up segments first, so that bytes of removed files are there to turn up again. */
async function staleBytes(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { retain: 0 });
  await log.open();
  await writeAWhile(log, 8);
  await valueOf(log.sync(), "a commit");
  await valueOf(log.trim(log.wal.durableSeq), "a trim");
  for (let lives = 0; lives < 2; lives++) {
    log.disk.crashAt(log.disk.calls + 1 + log.random.below(40), "power", "torn");
    if (await log.untilCrash(() => writeAWhile(log, 8))) log.crash("power", "torn");
    await log.open();
  }
  await log.crashTwice("power", "torn");
}

/** A frame of an earlier life, lost with it, turns up right where the next life would write its own. */
async function staleFrame(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 20_000 });
  await log.open();
  await valueOf(log.commit(1 + log.random.below(5)), "a commit");
  log.stage(1 + log.random.below(3));
  log.wal.flushSync();
  const before = log.disk.bytes(log.segments.at(-1)!);
  const { offset, end, seq } = framesOf(before).at(-1)!;
  log.crash("power", "lost");
  await log.open();
  assert.equal(log.wal.nextSeq, seq);
  log.crash("kill");
  const name = log.segments.at(-1)!;
  const bytes = log.disk.bytes(name);
  const content = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const stale = new Uint8Array(content + end - offset);
  stale.set(bytes.subarray(0, content));
  stale.set(before.subarray(offset, end), content);
  log.disk.put(name, stale);
  await log.open();
  assert.equal(log.wal.nextSeq, seq, "a stale frame is none of ours");
  await log.crashTwice("power");
}

/** Cuts the newest frame, which nobody acknowledged, in its header or a little behind. */
async function cutInHeader(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 20_000 });
  await log.open();
  await valueOf(log.commit(1 + log.random.below(5)), "a commit");
  await valueOf(log.commit(1 + log.random.below(5)), "a commit");
  log.stage(1 + log.random.below(3));
  assert.equal(log.wal.flushSync(), true);
  const name = log.segments.at(-1)!;
  const bytes = log.disk.bytes(name);
  const last = framesOf(bytes).at(-1)!;
  assert.equal(last.seq, log.acked);
  log.crash("kill");
  const cut = last.offset + 1 + log.random.below(last.body - last.offset);
  log.disk.put(name, bytes.slice(0, cut));
  await log.open();
  assert.equal(log.wal.nextSeq, last.seq);
  assert.ok(log.notices.some(({ kind }) => kind === "torn-tail"), "the cut is told");
  const torn = log.disk.names().filter((each) => each.endsWith(".torn"));
  assert.deepEqual(torn.map((each) => log.disk.bytes(each)), [bytes.slice(last.offset, cut)]);
  assert.equal((await outcomeOf(log.commit(2))).state, "resolved");
  await log.crashTwice("power");
}

/** Cases 1 to 5. */
export const POWER_CASES: readonly FaultCase[] = [
  {
    name: "case 01: a kill at any instant keeps all that was acknowledged",
    file,
    run: (seed) => livesAndCrashes(seed, "kill"),
  },
  {
    name: "case 02: a power cut that drops all that was not synced",
    file,
    run: (seed) => livesAndCrashes(seed, "power", "lost"),
  },
  {
    name: "case 03: a power cut that keeps any of the unsynced sectors",
    file,
    run: (seed) => livesAndCrashes(seed, "power", "subset"),
  },
  {
    name: "case 04: a power cut that leaves garbage and stale bytes in unsynced sectors",
    file,
    run: (seed) =>
      seed % 2 === 0
        ? staleBytes(seed)
        : seed % 4 === 1
        ? staleFrame(seed)
        : livesAndCrashes(seed, "power", "torn"),
  },
  {
    name: "case 05: a cut inside a frame's header drops that frame and swallows nothing later",
    file,
    run: cutInHeader,
  },
];
