/** `logflume bench`: that it measures, says so, and leaves nothing behind. How fast is no matter here. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { benchText } from "../src/cli/bench.ts";
import { parseBenchOptions } from "../src/cli/bench_options.ts";
import { UsageError } from "../src/cli/usage_error.ts";
import { startCommand } from "./support/cli.ts";
import { inFolder } from "./support/spawn.ts";

test("bench measures accepted, written, durable and delivered, and removes its folder", () =>
  inFolder("bench", async (folder) => {
    const args = ["bench", "--seconds", "0.1", "--data", folder, "--json"];
    const { code, stdout, stderr } = await startCommand(args).ended;
    assert.deepEqual([code, stderr], [0, ""]);
    const { records, bytesPerRecord, perSecond, durableMs, syncMs } = JSON.parse(stdout);
    assert.ok(records > 0 && bytesPerRecord > 100);
    assert.deepEqual(Object.keys(perSecond), ["accepted", "written", "durable", "delivered"]);
    for (const rate of Object.values(perSecond)) assert.ok(Number(rate) > 0);
    assert.ok(perSecond.accepted >= perSecond.durable && perSecond.durable >= perSecond.delivered);
    assert.ok(durableMs.count > 0 && durableMs.p50 > 0 && durableMs.p99 >= durableMs.p50);
    assert.ok(syncMs.count > 0 && syncMs.p50 > 0);
    assert.deepEqual(fs.readdirSync(folder), []);
  }));

test("bench that is told to end takes its folder with it", () =>
  inFolder("bench", async (folder) => {
    const { child, ended } = startCommand(["bench", "--seconds", "100", "--data", folder]);
    const log = (): string[] => fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
    while (!log().some((name) => name.endsWith(".ndjson"))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    process.kill(child.pid!, "SIGINT");
    assert.equal((await ended).code, 130);
    assert.deepEqual(fs.readdirSync(folder), []);
  }));

test("bench says in one sentence where it cannot measure", () =>
  inFolder("bench", async (folder) => {
    const data = join(folder, "none");
    const { code, stdout, stderr } = await startCommand(["bench", "--data", data]).ended;
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^logflume: Cannot make a folder in ".*none": ENOENT; [^\n]+--data\n$/);
  }));

test("bench shows a small table", () => {
  const text = benchText({
    records: 2_000_000,
    bytesPerRecord: 164,
    perSecond: { accepted: 1_000_000, written: 990_000, durable: 980_000, delivered: 97_000 },
    durableMs: { perSecond: 20_000, p50: 0.31, p99: 2.5, count: 100 },
    syncMs: { p50: 0.2, p99: 1.25, count: 90 },
  });
  assert.equal(
    text,
    `2,000,000 records of 164 bytes, one thread, as fast as it goes

RECORDS    PER SECOND
accepted    1,000,000
written       990,000
durable       980,000
delivered      97,000

At 20,000 records a second: durable after 0.31 ms (p99 2.50 ms); a sync took 0.20 ms (p99 1.25 ms)
`,
  );
});

test("bench is told in one sentence how it is used", () => {
  const wrong: readonly [args: readonly string[], message: RegExp][] = [
    [
      ["--seconds", "soon"],
      /^"--seconds soon" is no time to measure: use a number from 0\.1 to 600$/,
    ],
    [["--seconds", "0"], /is no time to measure/],
    [["--seconds", "1e9"], /is no time to measure/],
    [["here"], /^Unexpected argument "here": bench takes options only$/],
    [["--fast"], /^Unknown option "--fast": use --seconds, --data, --json, --help$/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(() => parseBenchOptions(args), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
  const { seconds, data, json } = parseBenchOptions([]);
  assert.deepEqual([seconds, data, json], [2, undefined, false]);
});
