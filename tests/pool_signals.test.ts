/** Callers' signals that several jobs share. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPool } from "../src/delivery/pool.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

test("a signal that several jobs share reaches the others though one of them has ended", async () => {
  const clock = fakeClock();
  const pool = createPool({ size: 2, clock });
  const controller = new AbortController();
  const { signal } = controller;
  const hung = pool.submit(() => new Promise(() => {}), { signal, key: "a" });
  const waiting = pool.submit(() => "never", { signal, key: "a" });
  assert.equal(await pool.submit(() => "ended", { signal }), "ended");
  controller.abort(new Error("enough"));
  await assert.rejects(hung, /enough/);
  await assert.rejects(waiting, /enough/);
  const { aborted, canceled, succeeded } = pool.stats();
  assert.deepEqual([aborted, canceled, succeeded], [1, 1, 1]);
  void pool.close();
  await clock.advance(60_000);
});
