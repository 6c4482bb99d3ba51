import assert from "node:assert/strict";
import type { PoolStats } from "../../src/delivery/pool_stats.ts";

/** Every job that was offered to a pool is in exactly one state. */
export function assertPoolAccounted(stats: PoolStats): void {
  const { offered, accepted, blocked, refused, queued, running } = stats;
  const refusals = refused.full + refused.closed + refused.aborted;
  const ended = stats.succeeded + stats.failed + stats.timedOut + stats.aborted + stats.canceled +
    stats.evicted;
  const told = JSON.stringify(stats);
  assert.equal(offered, refusals + blocked + accepted, `offered jobs add up: ${told}`);
  assert.equal(accepted, queued + running + ended, `accepted jobs add up: ${told}`);
  const { started, failed, timedOut, leaked } = totals(stats);
  assert.equal(started, stats.wait.count, `starts add up: ${told}`);
  assert.equal(failed, stats.failed, `failures add up: ${told}`);
  assert.equal(timedOut, stats.timedOut, `timeouts add up: ${told}`);
  assert.equal(leaked, stats.leaks, `leaks add up: ${told}`);
  assert.ok(stats.idle >= 0 && stats.idle <= stats.size, `idle workers are workers: ${told}`);
}

function totals(
  { workers }: PoolStats,
): Record<"started" | "failed" | "timedOut" | "leaked", number> {
  const sums = { started: 0, failed: 0, timedOut: 0, leaked: 0 };
  for (const worker of workers) {
    for (const name of ["started", "failed", "timedOut", "leaked"] as const) {
      sums[name] += worker[name];
    }
  }
  return sums;
}
