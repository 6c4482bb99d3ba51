/** Runs the command line as a process of its own, under the runtime that runs the test. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { COMMAND_LINE } from "./runtime_args.ts";

/** How a command ended, and all it said. */
export interface CommandEnding {
  /** The exit code; null after a signal. */
  readonly code: number | null;
  /** Its whole standard output, as far as it was read. */
  readonly stdout: string;
  /** Its whole standard error. */
  readonly stderr: string;
}

/** A running command. */
export interface Command {
  /** The process. */
  readonly child: ChildProcess;
  /** Resolves when it has ended and all its output was read. */
  readonly ended: Promise<CommandEnding>;
  /** All that one of its outputs holds by now. */
  soFar(stream: "stdout" | "stderr"): string;
  /** Resolves when one of its outputs holds the text; rejects if it ends before. */
  said(stream: "stdout" | "stderr", text: string): Promise<void>;
}

/** Starts a command, with additions to the environment. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Command {
  const child = spawn(process.execPath, [...COMMAND_LINE, ...args], {
    env: { ...process.env, ...env },
  });
  const said = { stdout: "", stderr: "" };
  const looks = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (part: string) => {
      said[name] += part;
      for (const look of looks) look();
    });
    // A stream that the test destroys on purpose may end with an error.
    child[name].on("error", () => {});
  }
  const ended = new Promise<CommandEnding>((resolve) => {
    child.on("close", (code) => resolve({ code, ...said }));
  });
  return {
    child,
    ended,
    soFar: (stream) => said[stream],
    said: (stream, text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said[stream].includes(text)) resolve();
        };
        looks.add(look);
        look();
        void ended.then(() =>
          reject(new Error(`Ended without "${text}": ${JSON.stringify(said)}`))
        );
      }),
  };
}
