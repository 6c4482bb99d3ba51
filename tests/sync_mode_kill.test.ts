/** Kills a process whose pipeline writes in sync mode; judged by what it said after `log.info` returned. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openWal, type SyncPolicy } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { seededRandom } from "../src/testing/random.ts";
import { msgOf, readLog } from "./support/read_log.ts";
import { needs } from "./support/real_needs.ts";
import { inFolder, startScript } from "./support/spawn.ts";
import type { SyncModeTask } from "./support/sync_mode_child.ts";

const LIVES = 3;
const KILL = needs("kills of a process in sync mode", "signals");

const CASES: readonly (readonly ["file" | "sqlite", SyncPolicy])[] = [
  ["file", "always"],
  ["file", "interval"],
  ["file", "never"],
  ["sqlite", "always"],
  ["sqlite", "never"],
];

for (const [store, sync] of CASES) {
  const name = `mode "sync", ${store} store, sync "${sync}": what returned true survives kill -9`;
  test(name, KILL, () =>
    inFolder("sync-mode", async (folder) => {
      const random = seededRandom(sync.length).below;
      const path = join(folder, store === "file" ? "data" : "logs.db");
      const said: string[] = [];
      for (let life = 0; life < LIVES; life++) {
        const task: SyncModeTask = { path, store, sync, life };
        said.push(...await killed(task, 20 + random(2000)));
      }
      const held = await recordsOf(path, store);
      const missing = said.filter((msg) => !held.has(msg));
      assert.deepEqual(missing.slice(0, 5), [], `${missing.length} of ${said.length} are missing`);
    }));
}

/** Runs a process until it has said so many records; gives those that it said to the end. */
async function killed(task: SyncModeTask, records: number): Promise<string[]> {
  let count = 0;
  const { child, ended } = startScript("sync_mode_child.ts", task, (line) => {
    if (line.startsWith("true ") && ++count === records) child.kill("SIGKILL");
  });
  const { signal, stdout, stderr } = await ended;
  assert.equal(signal, "SIGKILL", `it ended by itself: ${stdout.slice(0, 500)} ${stderr}`);
  const lines = stdout.split("\n").slice(0, -1);
  // A kill in the middle of write(2) leaves a part of a line of which nothing was said.
  const events = lines.filter((line) => line.startsWith("event"));
  assert.deepEqual(events.filter((line) => !line.includes("an unfinished write")), []);
  return lines.filter((line) => line.startsWith("true ")).map((line) => line.slice(5));
}

/** All records that the next process finds. */
async function recordsOf(path: string, store: "file" | "sqlite"): Promise<Set<string | undefined>> {
  const log = store === "file"
    ? await openWal(fileStore(path))
    : await sqliteStore(path).openLog("records", {});
  const { lines, gaps } = await readLog(log);
  await log.close();
  assert.deepEqual(gaps, []);
  return new Set([...lines.values()].map(msgOf));
}
