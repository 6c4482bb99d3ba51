/** Runs one program of the comparison in a process of its own, and believes nothing it says of its files. */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Held, Measured } from "./measure.ts";
import type { Runtime } from "./runtimes.ts";

const PROGRAM = fileURLToPath(new URL("./program.ts", import.meta.url));
const TIMEOUT_MS = 300_000;
const LF = 10;
const FRAME_START = new TextEncoder().encode('{"$":');

/** What came of one run: figures, or why there are none. */
export type Outcome = { readonly figures: Readonly<Record<string, number>> } | {
  readonly wrong: string;
};

/** What is to be run. */
export interface Task {
  /** The program's name. */
  readonly name: string;
  /** Records. */
  readonly count: number;
  /** Whether it begins without a warm-up. */
  readonly cold: boolean;
}

/** Runs a program on a runtime, in a new folder under `root`. */
export async function runProgram(
  runtime: Runtime,
  { name, count, cold }: Task,
  root: string,
): Promise<Outcome> {
  const folder = mkdtempSync(join(root, "run-"));
  try {
    const measured = await call(runtime, [
      PROGRAM,
      name,
      String(count),
      folder,
      cold ? "cold" : "warm",
    ]);
    if (typeof measured === "string") return { wrong: measured };
    const wrong = measured.holds?.map(check).find((problem) => problem !== undefined);
    return wrong === undefined ? { figures: measured.figures } : { wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function call({ command }: Runtime, args: readonly string[]): Promise<Measured | string> {
  const [path, ...flags] = command;
  const child = spawn(path!, [...flags, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => out += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => err += text);
  return new Promise((resolve) =>
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const last = out.trimEnd().split("\n").at(-1) ?? "";
      if (code === 0 && last.startsWith("{")) resolve(JSON.parse(last) as Measured);
      else resolve(`ended with ${signal ?? code}: ${err.trim().split("\n").slice(-3).join(" ")}`);
    })
  );
}

function check({ path, lines }: Held): string | undefined {
  const files = statSync(path).isDirectory()
    ? readdirSync(path).filter((name) => name.startsWith("wal-")).map((name) => join(path, name))
    : [path];
  const found = files.reduce((sum, file) => sum + countRecords(file), 0);
  return found === lines ? undefined : `holds ${found} lines instead of ${lines}`;
}

/** Lines of a file that are records; zeros that a log reserved ahead are no lines. */
function countRecords(path: string): number {
  const block = new Uint8Array(1024 * 1024);
  const fd = openSync(path, "r");
  let count = 0;
  let kept = 0;
  for (;;) {
    const got = readSync(fd, block, kept, block.length - kept, null);
    if (got === 0) break;
    const end = kept + got;
    let start = 0;
    for (let at = block.indexOf(LF); at >= 0 && at < end; at = block.indexOf(LF, start)) {
      if (!FRAME_START.every((byte, i) => block[start + i] === byte)) count++;
      start = at + 1;
    }
    block.copyWithin(0, start, end);
    kept = end - start;
    if (kept === block.length) throw new Error(`A line of "${path}" is longer than 1 MiB`);
  }
  closeSync(fd);
  return count;
}
