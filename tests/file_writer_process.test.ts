/** The ends of a real process that writes a file, and the signals that it gets. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { WriterMode, WriterStrategy } from "../src/sink/file.ts";
import { assertNumbered } from "./support/numbered.ts";
import { needs } from "./support/real_needs.ts";
import { inFolder, RUNTIME, type Script, startScript } from "./support/spawn.ts";
import type { WriterEnd, WriterTask } from "./support/file_writer_child.ts";

const STRATEGIES: readonly WriterStrategy[] = RUNTIME === "node"
  ? ["line", "block"]
  : ["line", "block", "mapped"];
const MODES: readonly WriterMode[] = ["trigger", "loop", "manual"];
const COUNT = 5_000;

/** Each end, with the strategies and modes in turn, so that every pair comes up. */
const ENDS: readonly (readonly [WriterEnd, code: number])[] = [
  ["normal end", 0],
  ["process.exit", 0],
  ...(RUNTIME === "deno" ? [["Deno.exit", 0] as const] : []),
  ["uncaught error", 1],
  ["unhandled rejection", 1],
  ["a line in an exit listener", 0],
];

let turn = 0;
for (const [end, code] of ENDS) {
  const strategy = STRATEGIES[turn % STRATEGIES.length]!;
  const mode = MODES[Math.floor(turn / STRATEGIES.length) % MODES.length]!;
  turn++;

  test(`nothing that was sent is lost without close(): ${end}, ${strategy}, ${mode}`, {
    timeout: 60_000,
  }, () =>
    inFolder("end", async (folder) => {
      const path = join(folder, "app.log");
      // The tick is far away, so that only the end itself can write the rest. A
      // listener to SIGHUP keeps no process alive.
      const options = { strategy, mode, tickMs: 60_000, reopenOnHangup: true };
      const task: WriterTask = { path, options, end, count: COUNT };
      const ending = await startScript("file_writer_child.ts", task).ended;
      assert.equal(ending.code, code, ending.stderr);
      assertNumbered([path], 0, end === "a line in an exit listener" ? COUNT + 1 : COUNT);
    }));
}

test("SIGHUP makes a writer that was asked to look at its path at once, and nothing dies", {
  ...needs("SIGHUP", "signals"),
}, () =>
  inFolder("hangup", async (folder) => {
    const path = join(folder, "app.log");
    const task: WriterTask = {
      path,
      options: { mode: "manual", reopenOnHangup: true },
      end: "SIGHUP",
      count: 3,
    };
    const { script, comes } = startWriter(task);
    await comes("ready");
    fs.renameSync(path, `${path}.1`);
    hangUp(script);
    await comes("hangup");
    assert.ok(fs.existsSync(path), "the new file is there before a line comes");
    script.child.stdin!.write("\n");
    await comes("sent 4");
    assert.equal(fs.readFileSync(`${path}.1`, "utf8"), "");
    assertNumbered([path], 0, 4);
    script.child.stdin!.end();
    const { code, stderr } = await script.ended;
    assert.equal(code, 0, stderr);
  }));

test("a writer that was not asked to leaves SIGHUP to the program", {
  ...needs("SIGHUP", "signals"),
}, () =>
  inFolder("hangup", async (folder) => {
    const path = join(folder, "app.log");
    const task: WriterTask = { path, options: {}, end: "SIGHUP", count: 1 };
    const { script, comes } = startWriter(task);
    await comes("ready");
    hangUp(script);
    await comes("hangup");
    script.child.stdin!.end();
    assert.equal((await script.ended).code, 0);
  }));

/** Not `child.kill`, after which Deno closes the child's input and takes it for ended by the signal. */
function hangUp({ child }: Script): void {
  process.kill(child.pid!, "SIGHUP");
}

/** Starts a process that a test talks with: `comes` waits for a line, and fails if the process ends. */
function startWriter(task: WriterTask): { script: Script; comes(line: string): Promise<void> } {
  const lines: string[] = [];
  let wake = (): void => {};
  const script = startScript("file_writer_child.ts", task, (line) => {
    lines.push(line);
    wake();
  });
  const ended = script.ended.then(({ code, signal, stderr }) => {
    throw new Error(`The process ended: ${code ?? signal} ${stderr}`);
  });
  ended.catch(() => {});
  return {
    script,
    async comes(line) {
      while (!lines.includes(line)) {
        await Promise.race([ended, new Promise<void>((resolve) => wake = resolve)]);
      }
    },
  };
}
