import assert from "node:assert/strict";
import type { WriterStats } from "../../mod.ts";

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Every offered and every accepted record of a writer is in exactly one state. */
export function assertWriterAccounted(stats: WriterStats): void {
  assert.equal(
    stats.offered,
    sum(stats.refused) + stats.filtered + stats.accepted,
    `offered = refused + filtered + accepted: ${JSON.stringify(stats)}`,
  );
  assert.equal(
    stats.accepted,
    stats.processed + stats.failed + sum(stats.dropped) + stats.pending,
    `accepted = processed + failed + dropped + pending: ${JSON.stringify(stats)}`,
  );
  assert.ok(stats.pending >= stats.depth && stats.abandoned <= stats.failed, JSON.stringify(stats));
}
