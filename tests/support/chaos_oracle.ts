/** Judges what was seen of a chaos over real kills, by nothing but what was seen from outside. */
import assert from "node:assert/strict";
import type { PipelineStats } from "../../mod.ts";
import { assertAccounted } from "./accounting.ts";
import {
  CHAOS_LANES,
  type ChaosLane,
  IN_FLIGHT,
  isPoison,
  keyOf,
  numberOf,
} from "./chaos_lanes.ts";
import type { Life, Row, Sight } from "./chaos_trial.ts";

/** What came of a lane. */
export interface LaneFigures {
  readonly lane: ChaosLane;
  /** Records delivered. */
  readonly delivered: number;
  readonly deadLettered: number;
  /** Records delivered again. */
  readonly repeats: number;
  /** The most repeats that the kills may cost. */
  readonly bound: number;
}

/** What came of a trial. */
export interface TrialFigures {
  /** Records known to be durable. */
  readonly acknowledged: number;
  /** Records that were offered and never acknowledged, and are in the log. */
  readonly unacknowledged: number;
  /** Records that were offered and are not in the log: a kill took them before they were written. */
  readonly lost: number;
  readonly lanes: readonly LaneFigures[];
  /** How long the fast lane took from the moment that a record was due, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Records that the fast lane took in a later life than the one that offered them: not timed. */
  readonly carried: number;
  readonly peakRssBytes: number;
}

/** Cursors are stored this often, as the pipeline says. */
const CURSOR_EVERY_MS = 100;
/** More memory than this no process may have. */
const MAX_RSS_BYTES = 400 * 1024 * 1024;
/** Lanes that send one batch after the other. */
const STRICT: readonly ChaosLane[] = ["fast", "flaky", "hanging"];

/**
 * Checks a trial and sums it up.
 *
 * @throws {AssertionError} If anything does not hold
 */
export function judge(sight: Sight): TrialFigures {
  const { plan, lives, letters } = sight;
  const names = plan.withBad ? CHAOS_LANES : ["fast"] as const;
  const numberAt = logOf(sight);
  const inLog = new Set(numberAt.values());
  assert.equal(inLog.size, numberAt.size, "no record is in the log twice");
  const acknowledged = acknowledgedIn(lives);
  for (const n of acknowledged) assert.ok(inLog.has(n), `record ${n} was acknowledged and is lost`);
  for (const n of inLog) assert.ok(n >= 0 && n < plan.records, `record ${n} was never offered`);
  const dead = letters.map(({ record }) => numberOf(JSON.parse(record)));
  const poison = plan.withBad ? [...inLog].filter(isPoison) : [];
  assert.deepEqual(dead.toSorted(ascending), poison.toSorted(ascending), "the dead letters");
  for (const { lane } of letters) assert.equal(lane, "partial", "whose dead letters they are");
  const lanes = names.map((lane) => judgeLane(sight, lane, numberAt));
  for (const { stats } of lives) for (const one of stats) judgeStats(one, lanes, inLog.size);
  const peakRssBytes = Math.max(...lives.map(({ peakRss }) => peakRss));
  assert.ok(peakRssBytes <= MAX_RSS_BYTES, `${peakRssBytes} bytes of memory`);
  return {
    acknowledged: acknowledged.length,
    unacknowledged: inLog.size - acknowledged.length,
    lost: plan.records - inLog.size,
    lanes,
    peakRssBytes,
    ...latencyOf(lives),
  };
}

/** Which record has which sequence number: all lanes must tell the same, and together leave no hole. */
function logOf({ plan, lives, letters }: Sight): Map<number, number> {
  const numberAt = new Map<number, number>();
  const put = (seq: number, n: number): void => {
    assert.equal(numberAt.get(seq) ?? n, n, `the record of sequence number ${seq}`);
    numberAt.set(seq, n);
  };
  for (const { rows } of lives) {
    for (const { seq, n } of Object.values(rows).flat()) put(seq, n);
  }
  for (const { seq, record } of letters) put(seq, numberOf(JSON.parse(record)));
  const seqs = [...numberAt.keys()].sort(ascending);
  assert.deepEqual(seqs, seqs.map((_, i) => i + 1), "sequence numbers without a hole");
  const inOrder = seqs.map((seq) => numberAt.get(seq)!);
  assert.deepEqual(inOrder, inOrder.toSorted(ascending), `records in the order offered`);
  assert.ok(seqs.length <= plan.records, `${seqs.length} records of ${plan.records}`);
  return numberAt;
}

function acknowledgedIn(lives: readonly Life[]): number[] {
  return lives.flatMap(({ from, acknowledged }) =>
    Array.from({ length: acknowledged - from }, (_, i) => from + i)
  );
}

/** A lane got everything, in its order, and again only what the kills explain. */
function judgeLane(
  { plan, lives }: Sight,
  lane: ChaosLane,
  numberAt: ReadonlyMap<number, number>,
): LaneFigures {
  const first = new Set<number>();
  let repeats = 0;
  for (const { rows } of lives) {
    for (const { n } of rows[lane]) {
      if (first.has(n)) repeats++;
      first.add(n);
    }
    assertOrder(lane, rows[lane]);
  }
  const isOwed = (n: number): boolean => lane !== "partial" || !isPoison(n);
  const owed = [...numberAt.values()].filter(isOwed).sort(ascending);
  assert.deepEqual([...first].sort(ascending), owed, `${lane} got every record`);
  const killed = lives.filter(({ wasKilled }) => wasKilled);
  const held = Math.max(0, ...killed.map(({ rows }) => mostWithin(CURSOR_EVERY_MS, rows[lane])));
  const bound = killed.length * (plan.maxRecords * IN_FLIGHT[lane] + held);
  assert.ok(repeats <= bound, `${lane} repeated ${repeats} records, at most ${bound} are allowed`);
  const deadLettered = numberAt.size - owed.length;
  return { lane, delivered: first.size, deadLettered, repeats, bound };
}

/** Within one life: a strict lane leaves nothing out and goes never back, nor does a key. */
function assertOrder(lane: ChaosLane, rows: readonly Row[]): void {
  if (STRICT.includes(lane)) {
    for (const [i, { seq }] of rows.entries()) {
      assert.equal(seq, rows[0]!.seq + i, `${lane} is in order without a hole`);
    }
  }
  if (lane !== "partial") return;
  const last = new Map<string, number>();
  for (const { n } of rows) {
    assert.ok((last.get(keyOf(n)) ?? -1) < n, `record ${n} overtook one of its key in ${lane}`);
    last.set(keyOf(n), n);
  }
}

/** The most rows within so many milliseconds. */
function mostWithin(ms: number, rows: readonly Row[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < rows.length; to++) {
    while (rows[to]!.atMs - rows[from]!.atMs > ms) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

/** The identity, and the counts of the lanes beside what they wrote down. */
function judgeStats(stats: PipelineStats, lanes: readonly LaneFigures[], accepted: number): void {
  assertAccounted(stats);
  for (const { lane, delivered, deadLettered } of lanes) {
    const told = stats.lanes[lane]!;
    assert.equal(told.accepted, accepted, `${lane} accepted what the log holds`);
    assert.deepEqual([told.dropped, told.filtered], [{}, 0], `nothing left the lane ${lane}`);
    assert.ok(told.delivered <= delivered, `${lane} tells of more than it delivered`);
    assert.ok(told.deadLettered <= deadLettered, `${lane} tells of more than it gave up`);
    if (told.pending > 0) continue;
    assert.deepEqual([told.delivered, told.deadLettered], [delivered, deadLettered], lane);
  }
}

/** Records that were in flight at a kill are taken in a later life, by another clock: counted apart. */
function latencyOf(lives: readonly Life[]): Pick<TrialFigures, "p50Ms" | "p99Ms" | "carried"> {
  const rows = lives.flatMap(({ rows }, life) => rows.fast.map((row) => ({ row, life })));
  const timed = rows.filter(({ row, life }) => row.bornIn === life)
    .map(({ row }) => row.atMs - row.dueMs)
    .sort(ascending);
  const at = (share: number): number => timed[Math.floor((timed.length - 1) * share)] ?? NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), carried: rows.length - timed.length };
}

function ascending(a: number, b: number): number {
  return a - b;
}
