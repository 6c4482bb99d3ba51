import assert from "node:assert/strict";
import type { PipelineStats } from "../../mod.ts";

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Promise 1: every offered and every accepted record is in exactly one state. */
export function assertAccounted(stats: PipelineStats): void {
  assert.equal(
    stats.offered,
    sum(stats.refused) + stats.filtered + stats.accepted,
    `offered = refused + filtered + accepted: ${JSON.stringify(stats)}`,
  );
  for (const lane of Object.values(stats.lanes)) {
    assert.equal(
      lane.accepted,
      lane.delivered + lane.deadLettered + lane.filtered + lane.pending + sum(lane.dropped),
      `the states of ${lane.lane} sum up: ${JSON.stringify(lane)}`,
    );
    assert.ok(lane.fallback <= lane.delivered, `fallback is a part: ${JSON.stringify(lane)}`);
    assert.ok(lane.failures <= lane.attempts, `no failure without a call: ${JSON.stringify(lane)}`);
    assert.ok(lane.leaked <= lane.leaks, `leaked calls were counted: ${JSON.stringify(lane)}`);
    assert.ok(lane.pending >= 0, `pending is no negative number: ${JSON.stringify(lane)}`);
  }
}
