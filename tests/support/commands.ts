/** Runs commands of the command line where only what each does, says and answers is the point. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { CommandEnding } from "./cli.ts";
import { runtimeArgs } from "./runtime_args.ts";

/** Stands around the exit code behind all that a command said; no output of ours holds it. */
export const END_MARK = "\u0000\u0001";

const CHILD = fileURLToPath(new URL("commands_child.ts", import.meta.url));

let host: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command in a process that all commands of a test file share, one after the other: to start a
 * process takes longer than most commands. What has to do with its end, its signals, its standard input
 * or a closed output needs a process of its own, which `startCommand` gives.
 */
export function runCommand(...args: readonly string[]): Promise<CommandEnding> {
  const ended = last.then(() => runIn(host ??= startHost(), args));
  last = ended.catch(() => {});
  return ended;
}

function startHost(): ChildProcess {
  const child = spawn(process.execPath, [...runtimeArgs(), CHILD], { stdio: "pipe" });
  child.stdout!.setEncoding("utf8");
  child.stderr!.setEncoding("utf8");
  return child;
}

async function runIn(child: ChildProcess, args: readonly string[]): Promise<CommandEnding> {
  hold(child, "ref");
  child.stdin!.write(JSON.stringify(args) + "\n");
  const [stdout, stderr] = await Promise.all([
    answerOf(child, "stdout"),
    answerOf(child, "stderr"),
  ]);
  hold(child, "unref");
  return { code: stdout.code, stdout: stdout.text, stderr: stderr.text };
}

/** Whether the process keeps that of the test alive; it ends itself when its standard input does. */
function hold(child: ChildProcess, how: "ref" | "unref"): void {
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
    (handle as Partial<Record<typeof how, () => void>>)[how]?.();
  }
}

function answerOf(
  child: ChildProcess,
  name: "stdout" | "stderr",
): Promise<{ text: string; code: number }> {
  return new Promise((resolve, reject) => {
    let said = "";
    const gone = (): void => reject(new Error(`The process of the commands has ended: ${said}`));
    const look = (part: string): void => {
      said += part;
      const [text, code, rest] = said.endsWith(END_MARK) ? said.split(END_MARK) : [];
      if (rest === undefined) return;
      child[name]!.off("data", look);
      child.off("close", gone);
      resolve({ text: text!, code: Number(code) });
    };
    child[name]!.on("data", look);
    child.once("close", gone);
  });
}
