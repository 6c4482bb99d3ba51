/** Runs a script of the tests as a process of its own, under the runtime that runs the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtimeArgs } from "./runtime_args.ts";

/** How a process ended, and all it said. */
export interface Ending {
  /** The exit code; null after a signal. */
  readonly code: number | null;
  /** The signal that ended it; null otherwise. */
  readonly signal: string | null;
  /** Its whole standard output, as far as it was read. */
  readonly stdout: string;
  /** Its whole standard error. */
  readonly stderr: string;
}

/** A running script. */
export interface Script {
  /** The process. */
  readonly child: ChildProcess;
  /** Resolves when the process has ended and all its output was read. */
  readonly ended: Promise<Ending>;
}

/** The runtime that runs this test. */
export const RUNTIME: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/**
 * Starts a script that stands beside this file, with one argument as JSON. `onLine` is called with each
 * whole line of its standard output as it comes in.
 */
export function startScript(
  name: string,
  argument: unknown,
  onLine: (line: string) => void = () => {},
): Script {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const args = [...runtimeArgs(), path, JSON.stringify(argument)];
  const child = spawn(process.execPath, args, { stdio: "pipe" });
  const stdout = collect(child.stdout, onLine);
  const stderr = collect(child.stderr);
  const ended = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stdout: stdout(),
    stderr: stderr(),
  }));
  return { child, ended };
}

/** Keeps what a stream says; the answer gives it. */
function collect(
  stream: NodeJS.ReadableStream,
  onLine: (line: string) => void = () => {},
): () => string {
  let text = "";
  let lineStart = 0;
  stream.setEncoding("utf8");
  // A stream that the test destroys on purpose may end with an error.
  stream.on("error", () => {});
  stream.on("data", (part: string) => {
    text += part;
    for (let end = text.indexOf("\n", lineStart); end >= 0; end = text.indexOf("\n", lineStart)) {
      const line = text.slice(lineStart, end);
      lineStart = end + 1;
      onLine(line);
    }
  });
  return () => text;
}

/** Gives `use` a new folder and removes it afterwards. */
export async function inFolder(
  name: string,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = fs.mkdtempSync(join(tmpdir(), `logflume-${name}-`));
  try {
    await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Says a line to whoever started this process, at once: it stands even if the process dies next. */
export function say(line: string): void {
  const bytes = new TextEncoder().encode(line + "\n");
  for (let done = 0; done < bytes.length;) done += writeSome(bytes.subarray(done));
}

/** Bytes taken: none while the pipe is full, where it does not block. */
function writeSome(bytes: Uint8Array): number {
  try {
    return fs.writeSync(1, bytes);
  } catch (error) {
    if ((error as { code?: string }).code === "EAGAIN") return 0;
    throw error;
  }
}

/** The argument that `startScript` gave to this process. */
export function scriptArgument(): unknown {
  return JSON.parse(process.argv[2]!);
}

/** Stands still, so that a signal of the test lands at this very place of the program. */
export function standStill(maxMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, maxMs);
}
