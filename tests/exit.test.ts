/**
 * Ends a process in every way there is while it still holds records that no sink has seen. What must be
 * there afterwards is judged from outside: by the number of records that the process had accepted, its
 * standard output, the file of its file sink, and its log.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type LogRecord, openPipeline, openWal } from "../mod.ts";
import { fileSink } from "../src/sink/file.ts";
import { fileStore } from "../src/storage/file.ts";
import { recordingSink } from "../src/testing/mod.ts";
import type { ExitTask, Way } from "./support/exit_child.ts";
import { inFolder, RUNTIME, type Script, startScript } from "./support/spawn.ts";

/** How a way of ending looks from outside. */
interface Expected {
  readonly way: Way;
  readonly code?: number;
  readonly signal?: string;
  /** What standard error must name. */
  readonly says?: string;
}

/** The second burst is more than the buffer of 10,000 holds. */
const BURSTS = [1000, 12_500] as const;
/** What of a slow pipe may come twice. */
const SLICE_BYTES = 64 * 1024;

const WAYS: readonly Expected[] = [
  { way: "normal end", code: 0 },
  { way: "process.exit", code: 3 },
  ...(RUNTIME === "deno" ? [{ way: "Deno.exit", code: 3 } as const] : []),
  { way: "uncaught error", code: 1, says: "boom" },
  { way: "error of the main module", code: 1, says: "boom" },
  { way: "unhandled rejection", code: 1, says: "boom" },
  { way: "SIGTERM", signal: "SIGTERM" },
  { way: "SIGTERM with a handler of the program", code: 11 },
  { way: "closed standard output", code: 0 },
  { way: "closed standard output and process.exit", code: 3 },
];

if (RUNTIME !== "deno") console.log(`Deno.exit: not applicable on ${RUNTIME}`);

for (const expected of WAYS) {
  const isOpen = !expected.way.startsWith("closed");

  test(`No loss on the way out: ${expected.way}, with a log on disk`, {
    timeout: 60_000,
  }, () =>
    inFolder("exit", async (folder) => {
      const data = join(folder, "data");
      const { stdout, file, accepted } = await run(folder, expected, data);
      assert.equal(accepted, BURSTS[0] + BURSTS[1], "with a log every record is accepted");
      assertRange(await numbersInLog(data), accepted, "the log");
      const later = await deliverRest(data, file);
      assertRange(numbersOf(readLines(file)), accepted, "the file");
      // Of what went into a pipe that was closed nobody knows what its reader saw.
      const shown = isOpen ? numbersOf(stdout.split("\n")) : [...Array(BURSTS[0]).keys()];
      assertRange(distinct([...shown, ...later]), accepted, "standard output");
    }));

  test(`No loss on the way out: ${expected.way}, with sinks that write at once`, {
    timeout: 60_000,
  }, () =>
    inFolder("exit", async (folder) => {
      const { stdout, file, accepted } = await run(folder, expected);
      assert.ok(accepted > BURSTS[0] + 1000);
      assertRange(numbersOf(readLines(file)), accepted, "the file");
      if (!isOpen) return;
      assertRange(distinct(numbersOf(stdout.split("\n"))), accepted, "standard output");
      assert.ok(stdout.length <= fs.statSync(file).size + SLICE_BYTES, "too much came twice");
    }));
}

test("a script without close() still prints its lines", { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await startScript("plain_script.ts", {}).ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(numbersOf(stdout.split("\n")), [0, 1, 2]);
});

test("SIGTERM ends a process that does not handle signals as if there were no pipeline", {
  timeout: 60_000,
}, () =>
  inFolder("exit", async (folder) => {
    await run(folder, { way: "unhandled SIGTERM", signal: "SIGTERM" }, join(folder, "data"));
  }));

/** Runs the process to its end and looks at the end itself. */
async function run(folder: string, { way, code, signal, says }: Expected, data?: string) {
  const file = join(folder, "file.ndjson");
  const note = join(folder, "accepted");
  const task: ExitTask = {
    way,
    file,
    note,
    bursts: BURSTS,
    ...(data === undefined ? {} : { data }),
  };
  const script = startScript("exit_child.ts", task);
  if (way.startsWith("closed")) closeOutput(script);
  const ending = await script.ended;
  const { stdout, stderr } = ending;
  const end = { code: ending.code, signal: ending.signal };
  assert.deepEqual(end, { code: code ?? null, signal: signal ?? null }, stderr);
  if (says !== undefined) assert.match(stderr, new RegExp(says));
  return { stdout, stderr, file, accepted: Number(fs.readFileSync(note, "utf8")) };
}

/** Goes away like `head -1`: reads something, closes the pipe, and then lets the process go on. */
function closeOutput({ child }: Script): void {
  const { stdin, stdout } = child;
  stdout!.once("data", () => {
    stdout!.once("close", () => stdin!.end("closed\n"));
    stdout!.destroy();
  });
}

/** Opens the log again, hands over what is left, and gives what the lane of the console still got. */
async function deliverRest(data: string, file: string): Promise<readonly number[]> {
  const rest = recordingSink();
  const pipeline = await openPipeline({
    sinks: { console: rest, file: fileSink({ path: file }) },
    wal: { store: fileStore(data), retain: "all", onDamage: "refuse" },
  });
  const { drained } = await pipeline.close();
  assert.ok(drained);
  return rest.records.map(({ msg }) => Number(msg));
}

/** All that the log holds, in its order. */
async function numbersInLog(data: string): Promise<readonly number[]> {
  await using log = await openWal(fileStore(data), { retain: "all" });
  const reader = log.reader(log.firstSeq);
  const numbers: number[] = [];
  for (;;) {
    const read = await reader.next();
    if (read.kind === "end") return numbers;
    assert.equal(read.kind, "lines");
    if (read.kind === "lines") {
      numbers.push(...numbersOf(new TextDecoder().decode(read.chunk.bytes).split("\n")));
    }
  }
}

function readLines(file: string): readonly string[] {
  return fs.readFileSync(file, "utf8").split("\n");
}

/** The numbers of all whole records; a slice that comes twice leaves one line that is none. */
function numbersOf(lines: readonly string[]): readonly number[] {
  return lines.flatMap((line) => {
    try {
      return [Number((JSON.parse(line) as LogRecord).msg)];
    } catch {
      return [];
    }
  });
}

function distinct(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)];
}

/** Asserts that the numbers are 0 to `count - 1`, in order; says where they are not. */
function assertRange(numbers: readonly number[], count: number, where: string): void {
  const wrong = numbers.findIndex((n, i) => n !== i);
  const found = wrong < 0 ? "" : `${numbers[wrong]} stands where ${wrong} should be`;
  assert.equal(found, "", where);
  assert.equal(numbers.length, count, `${where}: records at the end are missing`);
}
