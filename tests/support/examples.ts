/** Runs programs of examples/, each in a folder of the test's, under the runtime that runs the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runtimeArgs } from "./runtime_args.ts";

/** Where the examples are. */
export const EXAMPLES: string = fileURLToPath(new URL("../../examples/", import.meta.url));

/** No example takes so long, whatever else the machine is at. */
const LIMIT_MS = 30_000;

/** What an example said, and how it ended. */
export interface ExampleEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code, or the signal that ended it. */
  readonly end: number | string | null;
}

/** Runs an example to its end. */
export async function runExample(
  folder: string,
  name: string,
  ...args: string[]
): Promise<ExampleEnd> {
  const child = start(folder, name, args);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    textOf(child.stdout!),
    textOf(child.stderr!),
    once(child, "close"),
  ]);
  return { stdout, stderr, end: signal ?? code };
}

/**
 * Runs an example that is a server, and gives `use` the first URL it prints; then ends it by SIGTERM.
 * Resolves to the code or signal it ended with.
 */
export async function withServer(
  folder: string,
  name: string,
  args: string[],
  use: (url: URL) => Promise<void>,
): Promise<number | string | null> {
  const child = start(folder, name, args);
  const ended = once(child, "close");
  const stderr = textOf(child.stderr!);
  try {
    let url: string | undefined;
    for await (const line of createInterface({ input: child.stdout! })) {
      url = /http:[^\s,]+/.exec(line)?.[0];
      if (url !== undefined) break;
    }
    child.stdout!.resume();
    if (url === undefined) throw new Error(`${name} printed no URL: ${await stderr}`);
    await use(new URL(url));
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
  const [code, signal] = await ended;
  return signal ?? code;
}

// Deno does not end a process with a worker while it gathers coverage.
const { DENO_COVERAGE_DIR: _coverage, ...environment } = process.env;

function start(folder: string, name: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...runtimeArgs(), join(EXAMPLES, name), ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    // Node strips the types of our source once instead of once an example.
    env: { ...environment, NODE_COMPILE_CACHE: join(folder, "..", "compile-cache") },
  });
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  for await (const part of stream) text += part;
  return text;
}
