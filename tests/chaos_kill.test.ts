import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { judge } from "./support/chaos_oracle.ts";
import { runTrial } from "./support/chaos_trial.ts";
import { needs } from "./support/real_needs.ts";

const SEED = Number(process.env.LOGFLUME_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));

test("five lanes, four of which fail, account for every record over kill -9", {
  ...needs("kills of a process that delivers", "signals"),
}, async () => {
  const size = { records: 1500, kills: 2, pace: 3000, maxRecords: 100, slowMs: 200 };
  const plan = { seed: SEED, ...size, withBad: true };
  try {
    const { p50Ms, p99Ms, acknowledged } = judge(await runTrial(plan));
    assert.ok(acknowledged > 0, "nothing was acknowledged");
    console.log(`The fast lane: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
  } catch (error) {
    console.error(`LOGFLUME_KILL_SEED=${SEED}`);
    throw error;
  }
});
