/** What a program may do to a log, and a disk to it, as data that can be generated and shrunk. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { LogStore, SyncPolicy } from "../../mod.ts";
import type { CrashKind, PowerCutManner } from "../../src/testing/mod.ts";
import { ModelledLog } from "./wal_model.ts";
import { outcomeOf, valueOf } from "./wal_model_outcome.ts";

/** One step. `at` is a place in the log: 0 its oldest record, 1 its end. */
export type Command =
  | { readonly do: "stage"; readonly count: number; readonly bytes: number }
  | {
    readonly do: "flush" | "sync" | "sync later" | "sync cursors" | "compact" | "reopen" | "heal";
  }
  | { readonly do: "append"; readonly count: number; readonly bytes: number }
  | { readonly do: "turns"; readonly count: number }
  | { readonly do: "time"; readonly ms: number }
  | {
    readonly do: "read" | "save cursors" | "trim" | "truncate before" | "truncate after";
    readonly at: number;
  }
  | { readonly do: "crash"; readonly kind: CrashKind; readonly manner?: PowerCutManner | undefined }
  | { readonly do: "crash at"; readonly calls: number; readonly kind: CrashKind }
  | { readonly do: "room"; readonly bytes: number }
  | { readonly do: "fault"; readonly on: "sync" | "sync-folder"; readonly times: number }
  | { readonly do: "short writes"; readonly share: number };

/** How a log is opened, and what is done to it. */
export interface Plan {
  readonly seed: number;
  readonly sync: SyncPolicy;
  readonly atOnce: boolean;
  readonly commands: readonly Command[];
}

/** A log that may have learned to truncate. */
type Truncatable = LogStore & {
  truncateBefore?(seq: number): Promise<void>;
  truncateAfter?(seq: number): Promise<void>;
  compact?(): Promise<void>;
};

const at = fc.double({ min: 0, max: 1, noNaN: true });
const kind = fc.constantFrom<CrashKind>("kill", "power");
const manner = fc.constantFrom<PowerCutManner | undefined>(undefined, "lost", "subset", "torn");
const bytes = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(1, 50, 400) },
  { weight: 8, arbitrary: fc.constantFrom(3000, 20_000) },
  { weight: 2, arbitrary: fc.constant(70_000) },
  { weight: 1, arbitrary: fc.constant(1_250_000) },
);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("stage" as const),
      count: fc.integer({ min: 1, max: 5 }),
      bytes,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      count: fc.integer({ min: 1, max: 3 }),
      bytes,
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "flush" as const,
        "sync" as const,
        "sync" as const,
        "sync later" as const,
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("sync cursors" as const, "compact" as const, "reopen" as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("turns" as const),
      count: fc.integer({ min: 1, max: 15 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.constantFrom(1, 250, 600) }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "read" as const,
        "save cursors" as const,
        "trim" as const,
        "truncate before" as const,
        "truncate after" as const,
      ),
      at,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("crash" as const), kind, manner }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("crash at" as const),
      calls: fc.integer({ min: 1, max: 30 }),
      kind,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("room" as const),
      bytes: fc.integer({ min: 0, max: 9000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      on: fc.constantFrom("sync" as const, "sync-folder" as const),
      times: fc.constantFrom(1, 1, 2, Infinity),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: "heal" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("short writes" as const),
      share: fc.constantFrom(0, 0.5),
    }),
  },
);

/** Any plan. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat({ max: 2 ** 31 }),
  sync: fc.constantFrom<SyncPolicy>("always", "always", "always", "interval", "never"),
  atOnce: fc.boolean(),
  commands: fc.array(command, { minLength: 1, maxLength: 40, size: "max" }),
});

/** Carries a plan out, and holds the log to its promises all the way. */
export async function carryOut({ seed, sync, atOnce, commands }: Plan): Promise<void> {
  const log = new ModelledLog(seed, { sync, atOnce, retain: seed % 2 === 0 ? 0 : "all" });
  await log.open();
  for (const command of commands) {
    const ended = await log.untilCrash(() => step(log, command));
    // A plan to crash holds for one life: what crashed is dead, and the next process starts.
    if (!ended) await start(log);
  }
  log.disk.heal();
  await log.crashTwice("kill");
  await log.open();
  await log.crashTwice("power");
}

/** Opens the log after its process ended; a disk that still refuses is mended first. */
async function start(log: ModelledLog): Promise<void> {
  const opened = await log.untilCrash(async () => {
    const outcome = await outcomeOf(log.start());
    if (outcome.state === "resolved") return await log.check({ isFull: log.isTroubled });
    if (outcome.state === "rejected" && !log.isTroubled) throw outcome.error;
    assert.equal(outcome.state, "rejected", "opening ends");
    log.crash("kill");
  });
  if (opened && log.isOpen) return;
  log.heal();
  await log.open();
}

async function step(log: ModelledLog, command: Command): Promise<void> {
  const wal: Truncatable = log.wal;
  switch (command.do) {
    case "stage":
      return log.stage(command.count, command.bytes);
    case "append":
      // In one go, so that nothing can come to rest between them.
      for (let i = 0; log.options.atOnce && i < command.count; i++) log.append(command.bytes);
      return;
    case "flush":
      return void log.wal.flushSync();
    case "sync":
      return await mayWait(log, log.sync());
    case "sync later":
      return void log.sync();
    case "turns":
      for (let i = 0; i < command.count; i++) await undefined;
      return;
    case "time":
      return await log.clock.advance(command.ms);
    case "read":
      return await readFrom(log, placeIn(log, command.at));
    case "save cursors":
      return saveCursors(log, placeIn(log, command.at));
    case "sync cursors":
      return await mayWait(log, log.syncCursors());
    case "trim":
      return await valueOf(log.trim(durablePlace(log, command.at)), "a trim");
    case "truncate before":
      if (wal.truncateBefore === undefined) return;
      return await truncateBefore(log, durablePlace(log, command.at));
    case "truncate after":
      if (wal.truncateAfter === undefined) return;
      return await truncateAfter(log, durablePlace(log, command.at) - 1);
    case "compact":
      return await mayWait(log, wal.compact?.() ?? Promise.resolve());
    case "reopen":
      return await reopen(log);
    case "crash":
      log.crash(command.kind, command.manner);
      return;
    case "crash at":
      return log.disk.crashAt(log.disk.calls + command.calls, command.kind);
    case "heal":
      return log.heal();
    case "room":
      log.isTroubled = true;
      log.disk.capacityBytes = log.disk.usedBytes + command.bytes;
      return;
    case "fault":
      // Without syncs of its own a log has no copy of what a failed one drops.
      if (command.on === "sync" && log.options.sync === "never") return;
      log.isTroubled = true;
      log.disk.inject({ on: command.on, error: "EIO", times: command.times });
      return;
    case "short writes":
      log.disk.shortWrites = command.share;
      return;
  }
}

/** Ends well, unless the disk is in trouble, has been, or the log has stopped for it. */
async function mayWait(log: ModelledLog, promise: Promise<void>): Promise<void> {
  const outcome = await outcomeOf(promise);
  if (outcome.state === "resolved") return;
  if (log.isTroubled || log.wal.failure !== undefined) return;
  const later = await log.eventually(promise);
  if (later.state === "rejected") throw later.error;
  assert.equal(later.state, "resolved", "it ends on a sound disk");
}

function placeIn(log: ModelledLog, at: number): number {
  const { firstSeq, writtenSeq } = log.wal;
  return firstSeq + Math.round(at * (writtenSeq - firstSeq));
}

/** A place up to which all is acknowledged. */
function durablePlace(log: ModelledLog, at: number): number {
  const { firstSeq } = log.wal;
  return Math.max(firstSeq, firstSeq + Math.round(at * (log.acked - firstSeq)));
}

function saveCursors(log: ModelledLog, seq: number): void {
  try {
    log.saveCursors(seq);
  } catch (error) {
    if (!log.isTroubled && log.wal.failure === undefined) throw error;
  }
}

async function truncateBefore(log: ModelledLog, seq: number): Promise<void> {
  log.givenUpTo = Math.max(log.givenUpTo, seq);
  const { life } = log;
  const truncated = (log.wal as Truncatable).truncateBefore!(seq).then(() => {
    if (life === log.life) log.goneTo = Math.max(log.goneTo, seq);
  });
  await mayWait(log, truncated);
  assert.ok(log.wal.firstSeq >= log.goneTo, `${log.wal.firstSeq} is given up to ${log.goneTo}`);
}

/** Only of a log at rest: who waits for a record that goes is not told what becomes of it. */
async function truncateAfter(log: ModelledLog, seq: number): Promise<void> {
  if (log.isTroubled) return;
  await mayWait(log, log.sync());
  // A sync that was failing before the disk was mended may have stopped the log.
  if (log.wal.failure !== undefined) return;
  log.forgetAfter(seq);
  await mayWait(log, (log.wal as Truncatable).truncateAfter!(seq));
  assert.equal(log.wal.nextSeq, seq + 1);
  log.lines.length = seq;
}

async function readFrom(log: ModelledLog, from: number): Promise<void> {
  const reader = log.wal.reader(from);
  for (let reads = 0; reads < 5; reads++) {
    const read = await valueOf(Promise.resolve(reader.next()), "a read");
    if (read.kind === "end") break;
    if (read.kind === "gap") {
      assert.equal(read.gap.reason, "trimmed");
      continue;
    }
    const lines = new TextDecoder().decode(read.chunk.bytes).split("\n").slice(0, -1);
    assert.equal(lines.length, read.chunk.count);
    lines.forEach((line, i) => assert.ok(line === log.lines[read.chunk.firstSeq - 1 + i]));
  }
  reader.close();
}

async function reopen(log: ModelledLog): Promise<void> {
  const closed = await outcomeOf(log.wal.close());
  assert.notEqual(closed.state, "pending", "closing ends");
  if (closed.state === "rejected" && !log.isTroubled && log.wal.failure === undefined) {
    throw closed.error;
  }
  if (closed.state === "resolved" && !log.isTroubled && log.wal.failure === undefined) {
    log.acked = log.lines.length + 1;
  }
  // The process ends, and the next one opens what it left.
  log.crash("kill");
}
