import process from "node:process";
import type { LogTask } from "./real_log_child.ts";
import { type Ending, startScript } from "./spawn.ts";

/** A log in a process of its own, and what that process says. */
export interface LogProcess extends AsyncDisposable {
  /** The process's number. */
  readonly pid: number;
  /** All lines that it said. */
  readonly said: readonly string[];
  /** How it ended. */
  readonly ended: Promise<Ending>;
  /** Gives it commands, all in one write. */
  tell(...commands: readonly string[]): void;
  /** The first line that matches among those that were not heard yet. Rejects if it ends without one. */
  hear(pattern: RegExp): Promise<string>;
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void;
}

/** Starts the process; its log is not open yet. */
export function startLog(task: LogTask): LogProcess {
  const said: string[] = [];
  let heard = 0;
  let wake = (): void => {};
  let ending: Ending | undefined;
  const { child, ended } = startScript("real_log_child.ts", task, (line) => {
    said.push(line);
    wake();
  });
  // What is told to a process that has ended is lost, which shows in what it does not say.
  child.stdin!.on("error", () => {});
  void ended.then((how) => {
    ending = how;
    wake();
  });
  // Not `child.kill`, which on Deno sends no second signal.
  const signal = (name: NodeJS.Signals): void => {
    if (ending !== undefined) return;
    try {
      process.kill(child.pid!, name);
    } catch (error) {
      // It has ended, and we have not been told yet.
      if ((error as { code?: string }).code !== "ESRCH") throw error;
    }
  };
  return {
    pid: child.pid!,
    said,
    ended,
    tell: (...commands) => void child.stdin!.write(commands.join("\n") + "\n"),
    async hear(pattern) {
      for (;;) {
        while (heard < said.length) {
          const line = said[heard++]!;
          if (pattern.test(line)) return line;
        }
        if (ending !== undefined) {
          throw new Error(`It ended without ${pattern}: ${said.join(" | ")} ${ending.stderr}`);
        }
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    signal,
    async [Symbol.asyncDispose]() {
      signal("SIGKILL");
      await ended;
    },
  };
}
