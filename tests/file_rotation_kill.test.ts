/** Kills a pipeline over a file sink that rotates and compresses: all its files together hold no repeats. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { FileSinkOptions } from "../src/sink/file.ts";
import { readAll, rotatedOf } from "./support/log_files.ts";
import { needs } from "./support/real_needs.ts";
import type { RotatingSinkTask } from "./support/rotating_sink_child.ts";
import { inFolder, RUNTIME, startScript } from "./support/spawn.ts";

const STRATEGIES: readonly ("block" | "mapped")[] = RUNTIME === "node"
  ? ["block"]
  : ["block", "mapped"];
/** After so many acknowledgements of a run its process is killed. */
const KILLS = [1, 3, 10, 25, 40, 2, 17];

for (const strategy of STRATEGIES) {
  test(
    `a rotating ${strategy} sink that is killed over and over repeats nothing and loses nothing`,
    {
      ...needs("kill -9", "signals"),
    },
    () =>
      inFolder("rotating", async (folder) => {
        const path = join(folder, "logs", "app.ndjson");
        const sink: FileSinkOptions = { path, strategy, maxBytes: 20_000, gzip: true };
        const data = join(folder, "data");
        let from = 0;
        const acknowledged = new Set<number>();
        for (const kill of KILLS) {
          const acks = await killedRun({ data, sink, from }, kill);
          for (let n = from; n <= acks; n++) acknowledged.add(n);
          // Numbers of a killed run that were not acknowledged may be there or not.
          from = acks + 1_000_000;
        }
        // A short run may end before the first file is compressed, which is left to the next one.
        for (let runs = 0; runs < 1 || (runs < 20 && !isCompressed(path)); runs++) {
          const last: RotatingSinkTask = { data, sink, from, count: 1_000 };
          const { code, stdout, stderr } = await startScript("rotating_sink_child.ts", last).ended;
          assert.match(stdout, /closed/, `${code} ${stderr}`);
          for (let n = from; n < from + 1_000; n++) acknowledged.add(n);
          from += 1_000_000;
        }
        checkNumbers(path, acknowledged);
        assert.ok(isCompressed(path), "none was compressed");
      }),
  );
}

/** Whether one of the rotated files is. */
function isCompressed(path: string): boolean {
  return rotatedOf(path).some((file) => file.endsWith(".gz"));
}

/** Kills a process when it has said `ack` so often; the last number that it acknowledged. */
async function killedRun(task: RotatingSinkTask, acks: number): Promise<number> {
  let left = acks;
  let last = task.from - 1;
  const { child, ended } = startScript("rotating_sink_child.ts", task, (line) => {
    if (!line.startsWith("ack ")) return;
    last = Number(line.slice(4));
    if (--left === 0) child.kill("SIGKILL");
  });
  const { signal, stderr } = await ended;
  assert.equal(signal, "SIGKILL", stderr);
  return last;
}

/** Every line whole, each number later than the one before, and all that was acknowledged there. */
function checkNumbers(path: string, acknowledged: ReadonlySet<number>): void {
  const lines = readAll(path).split("\n");
  assert.equal(lines.pop(), "");
  let before = -1;
  let found = 0;
  for (const line of lines) {
    const n = Number((JSON.parse(line) as { msg: string }).msg);
    assert.ok(n > before, `${n} comes after ${before}`);
    before = n;
    if (acknowledged.has(n)) found++;
  }
  assert.equal(found, acknowledged.size);
}
