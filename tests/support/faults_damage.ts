/** Cases 6 to 9: bytes that are not what was written. */
import assert from "node:assert/strict";
import type { FaultCase } from "./faults.ts";
import { type Allowance, ModelledLog } from "./wal_model.ts";
import { type FoundFrame, framesOf, headerLine } from "./wal_model_frames.ts";
import { outcomeOf, valueOf } from "./wal_model_outcome.ts";
import { readLog } from "./read_log.ts";

const file = "tests/wal_simulation.test.ts";

/** Commits, one after another, until there are so many segments. */
async function commitSegments(log: ModelledLog, segments: number): Promise<void> {
  while (log.segments.length < segments) {
    await valueOf(log.commit(1 + log.random.below(3), 900), "a commit");
  }
}

/** Flips a bit of a frame that matters: one of its checksummed header or its body. */
function spoil(log: ModelledLog, name: string, frame: FoundFrame): Allowance {
  const head = frame.covered - frame.offset;
  const at = log.random.below(head + frame.end - frame.body);
  const offset = at < head ? frame.offset + at : frame.body + at - head;
  log.disk.flipBit(name, offset, log.random.below(8));
  return { gaps: [{ firstSeq: frame.seq, count: frame.n }] };
}

/** Under `refuse`, damage is met at the opening or by the reader that comes to it. */
async function isRefused(log: ModelledLog): Promise<void> {
  const opened = await outcomeOf(log.start({ onDamage: "refuse" }));
  assert.notEqual(opened.state, "pending", "opening ends");
  const met = opened.state === "rejected" ? opened : await outcomeOf(readLog(log.wal));
  assert.equal(met.state, "rejected", "damage is refused");
  if (met.state === "rejected") {
    assert.equal((met.error as Error).name, "DamagedLogError", String(met.error));
  }
  log.crash("kill");
}

/** Under `quarantine`, exactly the damaged frame is missing, at every later opening. */
async function isQuarantined(log: ModelledLog, allowance: Allowance): Promise<void> {
  const { nextSeq } = log.wal;
  log.notices.length = 0;
  await log.open(allowance, { onDamage: "quarantine" });
  assert.equal(log.wal.nextSeq, nextSeq, "no number is given twice");
  assert.ok(log.notices.some(({ kind }) => kind === "damage"), "damage is told");
  await valueOf(log.commit(2), "a commit");
  log.crash("power");
  await log.open(allowance, { onDamage: "quarantine" });
}

async function sealedSegment(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 4096, windowBytes: 0 });
  await log.open();
  await commitSegments(log, 3 + log.random.below(3));
  if (log.random.chance(0.5)) await valueOf(log.wal.close(), "closing");
  log.crash("kill");
  const name = log.random.pick(log.segments.slice(0, -1));
  const frame = log.random.pick(framesOf(log.disk.bytes(name)));
  const allowance = spoil(log, name, frame);
  await isRefused(log);
  await isQuarantined(log, allowance);
}

async function middleOfLastSegment(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 100_000, windowBytes: 0 });
  await log.open();
  // Synced or not: while the machine runs, all that was written must be there.
  const isSynced = log.random.chance(0.5);
  for (let commits = 3 + log.random.below(4); commits > 0; commits--) {
    if (isSynced) await valueOf(log.commit(1 + log.random.below(3)), "a commit");
    else log.stage(1 + log.random.below(3));
    log.wal.flushSync();
  }
  log.crash("kill");
  const name = log.segments.at(-1)!;
  const frame = log.random.pick(framesOf(log.disk.bytes(name)).slice(0, -1));
  const allowance = spoil(log, name, frame);
  const opened = await outcomeOf(log.start({ onDamage: "refuse" }));
  assert.equal(opened.state, "rejected", "damage in the last segment is refused at the opening");
  await isQuarantined(log, allowance);
}

async function lastFrame(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 100_000, windowBytes: 0 });
  await log.open();
  for (let commits = 1 + log.random.below(3); commits > 0; commits--) {
    await valueOf(log.commit(1 + log.random.below(3)), "a commit");
  }
  const isSealed = log.random.chance(0.7);
  if (isSealed) await valueOf(log.wal.close(), "closing");
  log.crash("kill");
  const name = log.segments.at(-1)!;
  const frame = framesOf(log.disk.bytes(name)).at(-1)!;
  const allowance = spoil(log, name, frame);
  if (isSealed) {
    await isRefused(log);
    return await isQuarantined(log, allowance);
  }
  // Nothing was written behind it: it looks like a write that was cut. That it is gone must be told.
  log.notices.length = 0;
  await log.open({ mayEndAt: frame.seq });
  assert.equal(log.wal.nextSeq, frame.seq);
  assert.ok(log.notices.length > 0, "the loss is told");
  await log.crashTwice("power");
}

/** What to do to the segments, what the log must then say of it, and whether it is damage. */
type Hostile = (log: ModelledLog) => "nothing" | "torn-tail" | "damage" | "either";

function append(log: ModelledLog, more: Uint8Array): void {
  const name = log.segments.at(-1)!;
  const bytes = log.disk.bytes(name);
  const longer = new Uint8Array(bytes.length + more.length);
  longer.set(bytes);
  longer.set(more, bytes.length);
  log.disk.put(name, longer);
}

function garbage(log: ModelledLog, bytes: number): Uint8Array {
  const some = new Uint8Array(bytes);
  log.random.fill(some);
  return some;
}

const HOSTILE: readonly Hostile[] = [
  (log) => {
    append(log, new Uint8Array(1 + log.random.below(100_000)));
    return "nothing";
  },
  (log) => {
    append(log, garbage(log, 1 + log.random.below(5000)));
    return "torn-tail";
  },
  (log) => {
    const name = log.segments.at(-1)!;
    const len = log.random.pick([0, -1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, 0.5, 1e300]);
    const seq = log.lines.length + 1;
    const salt = name.slice(-15, -7);
    const body = "00000000";
    append(log, headerLine({ $: "frame", seq, n: 1, len, durable: seq, salt, body }));
    append(log, garbage(log, log.random.below(600)));
    return "either";
  },
  (log) => {
    const size = log.random.pick([0, 1, 512, 70_000]);
    log.disk.put("wal-00000000000000009999-0badf00d.ndjson", new Uint8Array(size));
    return "either";
  },
  (log) => {
    const bytes = garbage(log, 1 + log.random.below(3000));
    log.disk.put("wal-00000000000000009999-0badf00d.ndjson", bytes);
    return "either";
  },
  (log) => {
    const name = log.segments.at(-1)!;
    const bytes = log.disk.bytes(name);
    const prefix = garbage(log, 1 + log.random.below(3000));
    const shifted = new Uint8Array(prefix.length + bytes.length);
    shifted.set(prefix);
    shifted.set(bytes, prefix.length);
    log.disk.put(name, shifted);
    return "damage";
  },
];

async function hostileFiles(seed: number): Promise<void> {
  const log = new ModelledLog(seed, { segmentBytes: 100_000, windowBytes: 0 });
  await log.open();
  for (let commits = 2 + log.random.below(3); commits > 0; commits--) {
    await valueOf(log.commit(1 + log.random.below(3)), "a commit");
  }
  log.crash("kill");
  log.notices.length = 0;
  const kind = HOSTILE[seed % HOSTILE.length]!(log);
  if (kind === "damage") await isRefused(log);
  else if (kind !== "either") {
    await log.open();
    assert.deepEqual(log.notices.map((n) => n.kind), kind === "nothing" ? [] : [kind]);
    log.crash("kill");
  }
  await log.open({}, { onDamage: "quarantine" });
  assert.ok(log.largestRead <= 2 * 1024 ** 2, `read ${log.largestRead} bytes at once`);
  log.crash("power");
  await log.open({}, { onDamage: "quarantine" });
}

/** Cases 6 to 9. */
export const DAMAGE_CASES: readonly FaultCase[] = [
  {
    name: "case 06: a flipped bit in a sealed segment is refused, or costs its frame alone",
    file,
    run: sealedSegment,
  },
  {
    name: "case 07: a flipped bit amid the last segment is damage and no torn tail",
    file,
    run: middleOfLastSegment,
  },
  {
    name:
      "case 08: a flipped bit in the last frame is damage after a clean close, and told after a kill",
    file,
    run: lastFrame,
  },
  {
    name: "case 09: zeros, garbage and false lengths crash nothing and cost no record",
    file,
    run: hostileFiles,
  },
];
