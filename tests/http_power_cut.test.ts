import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { receiver } from "../examples/receiver.ts";
import type { Pipeline } from "../src/pipeline/pipeline.ts";
import { type HttpFetch, httpSink } from "../src/sink/http.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { simulatedDisk } from "../src/testing/simulated_disk.ts";
import { openAccounted } from "./support/accounted.ts";
import { assertAccounted } from "./support/accounting.ts";

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

/** Delivers records over two power cuts; what was received, and how many numbers were given twice. */
async function overPowerCuts(
  seed: number,
  path: string,
): Promise<{ got: string[]; reused: number }> {
  const disk = simulatedDisk({ seed });
  const app = receiver(path);
  const fetch: HttpFetch = (url, init) => Promise.resolve(app.request(url, init));
  const open = (): Promise<Pipeline> =>
    openAccounted({
      wal: { store: disk.store(), sync: "never" },
      // Time stands still, so nothing is synced unless it must be.
      clock: fakeClock(),
      onEvent: () => {},
      sinks: { web: httpSink({ url: "http://receiver.example/ingest", fetch }) },
    });
  for (const run of [1, 2, 3]) {
    const pipeline = await open();
    for (let i = 1; i <= 10; i++) pipeline.write({ level: "info", msg: `${run}.${i}` });
    await pipeline.drain();
    assertAccounted(pipeline.stats());
    // A process that was cut off answers nothing any more: its pipeline is left as it is.
    disk.crash("power");
  }
  const entries = readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  const numbers = new Set(entries.map(({ source, seq }) => `${source}/${seq}`));
  return { got: entries.map(({ record }) => record.msg), reused: entries.length - numbers.size };
}

test("a power cut that takes delivered records from the log costs the receiver none", async () => {
  const expected = [1, 2, 3].flatMap((run) =>
    Array.from({ length: 10 }, (_, i) => `${run}.${i + 1}`)
  ).sort();
  let reused = 0;
  for (const seed of SEEDS) {
    const folder = mkdtempSync(join(tmpdir(), "logflume-"));
    try {
      const outcome = await overPowerCuts(seed, join(folder, "received.ndjson"));
      assert.deepEqual(outcome.got.sort(), expected, `seed ${seed}`);
      reused += outcome.reused;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  assert.ok(reused > 0, "numbers must be given anew for this test to say anything");
});
