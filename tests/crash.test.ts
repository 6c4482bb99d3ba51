/**
 * Kills a process that appends, over and over on one folder, at random moments and at places where the
 * disk is just being changed. What must be there afterwards is judged from outside: by the list of
 * acknowledgements that the process gave before it died, and by the files of two sinks.
 *
 * `CRASH_SEED` repeats the kills of a run.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { seededRandom } from "../src/testing/random.ts";
import type { LogRecord, PipelineStats } from "../mod.ts";
import type { CrashTask, Hold } from "./support/crash_child.ts";
import { inFolder, startScript } from "./support/spawn.ts";

/** A kill: while the process stands still at a place, or when it says its n-th line after opening. */
type Plan = { readonly hold: Hold } | { readonly line: number };

/** What the test knows of all runs so far, from what the processes said. */
interface Book {
  readonly folder: string;
  /** First and last number of the records acknowledged in each run. */
  readonly acknowledged: { readonly from: number; readonly to: number }[];
  /** The last number that was offered. */
  offered: number;
  runs: number;
  kills: number;
  /** Kills after which records had been accepted and not acknowledged. */
  midAppend: number;
  /** Kills inside a rotation, a trim or a cursor write. */
  inChange: number;
}

/** Small enough for many batches and bursts in the short life of a process. */
const BATCH = 200;
const BURST = 200;
const PAD = "abcdefghijklmnopqrstuvwxyz".repeat(8);
/** Records of the run that nobody kills. */
const LAST_RUN = 500;
/** A process that says more than this missed the moment of its kill. */
const MOST_LINES = 20_000;
/** The mark of a place that five kills or more must land in. */
const IN_CHANGE = /^in (rotation|trim|cursor)/;

test("Durable means durable: a record whose acknowledgement was given survives kill -9", {
  timeout: 120_000,
}, () =>
  inFolder("crash", async (folder) => {
    const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const book: Book = {
      folder,
      acknowledged: [],
      offered: -1,
      runs: 0,
      kills: 0,
      midAppend: 0,
      inChange: 0,
    };
    try {
      for (const plan of plans(seed)) await killedRun(book, plan);
      const stats = await lastRun(book);
      const { kills, inChange, midAppend } = book;
      assert.ok(kills >= 20, `${kills} kills, 20 are needed`);
      assert.ok(inChange >= 5, `${inChange} kills inside a change of the disk, 5 are needed`);
      assert.ok(midAppend >= 1, "no kill landed in mid-append");
      const numbers = checkFile(book);
      checkPlain(book, numbers);
      checkStats(stats, numbers.length);
    } catch (error) {
      console.error(`CRASH_SEED=${seed}`);
      throw error;
    }
  }));

/** Every place at every moment at least once, and as many kills at any moment, in a random order. */
function plans(seed: number): readonly Plan[] {
  const random = seededRandom(seed).below;
  const hold = (place: Hold["place"], at: Hold["at"], most: number): Plan => ({
    hold: { place, at, nth: 1 + random(most) },
  });
  const list: Plan[] = [
    hold("rotation", "before", 15),
    hold("rotation", "half", 15),
    hold("rotation", "after", 15),
    hold("trim", "before", 1),
    hold("trim", "before", 8),
    hold("trim", "after", 8),
    hold("cursor", "before", 2),
    hold("cursor", "half", 3),
    hold("cursor", "after", 2),
    hold("append", "half", 100),
    hold("append", "half", 100),
    hold("opening", "half", 1),
    hold("opening", "half", 2),
    hold("opening", "after", 2),
  ];
  for (let i = 0; i < 10; i++) list.push({ line: 1 + random(400) });
  for (let i = list.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

/** The next run's task: numbers go on behind the last one that was offered. */
function nextTask(book: Book): CrashTask {
  return {
    data: join(book.folder, "data"),
    file: join(book.folder, "file.ndjson"),
    plain: plainPath(book, book.runs++),
    from: book.offered + 1,
    burst: BURST,
    batch: BATCH,
    pad: PAD,
  };
}

function plainPath({ folder }: Book, run: number): string {
  return join(folder, `plain.${run}`);
}

async function killedRun(book: Book, plan: Plan): Promise<void> {
  const task = nextTask(book);
  const isMoment = momentOf(plan);
  let said = 0;
  const { child, ended } = startScript(
    "crash_child.ts",
    "hold" in plan ? { ...task, hold: plan.hold } : task,
    (line) => {
      if (isMoment(line)) child.kill("SIGKILL");
      else if (++said > MOST_LINES) child.kill("SIGTERM");
    },
  );
  const { signal, stdout, stderr } = await ended;
  assert.equal(signal, "SIGKILL", `the moment ${JSON.stringify(plan)} did not come: ${stderr}`);
  book.kills++;
  const { offered, acknowledged, last } = note(book, task, stdout);
  if (offered > acknowledged) book.midAppend++;
  if (IN_CHANGE.test(last)) book.inChange++;
}

/** Says at which line of the process its kill is due. */
function momentOf(plan: Plan): (line: string) => boolean {
  if ("hold" in plan) return (line) => line === `in ${plan.hold.place} held`;
  let left = plan.line;
  let isOpen = false;
  return (line) => {
    isOpen ||= line === "opened";
    return isOpen && left-- === 0;
  };
}

/** Writes down what a process said until it ended. */
function note(book: Book, { from }: CrashTask, stdout: string) {
  const lines = stdout.split("\n").slice(0, -1);
  let acknowledged = from - 1;
  let offered = from - 1;
  for (const line of lines) {
    const [word, value] = line.split(" ");
    if (word === "taking") offered = Number(value);
    if (word === "ack") acknowledged = Number(value);
  }
  book.offered = offered;
  book.acknowledged.push({ from, to: acknowledged });
  return { offered, acknowledged, last: lines.at(-1) ?? "" };
}

/** The run that ends by itself: delivers what all the others left. */
async function lastRun(book: Book): Promise<PipelineStats> {
  const task = { ...nextTask(book), count: LAST_RUN };
  const { code, stdout, stderr } = await startScript("crash_child.ts", task).ended;
  assert.equal(code, 0, stderr);
  const { acknowledged } = note(book, task, stdout);
  assert.equal(acknowledged, task.from + LAST_RUN - 1);
  const said = new Map(
    stdout.split("\n").map((line) => line.split(/ (.*)/, 2) as [string, string]),
  );
  const report = { drained: true, onDisk: {}, lost: {} };
  assert.deepEqual(JSON.parse(said.get("closed")!), report);
  return JSON.parse(said.get("stats")!) as PipelineStats;
}

/** The file sink's file: everything acknowledged, whole, in order, nothing twice. Gives its numbers. */
function checkFile(book: Book): readonly number[] {
  const lines = fs.readFileSync(join(book.folder, "file.ndjson"), "utf8").split("\n");
  assert.equal(lines.pop(), "", "the last line is cut");
  const numbers = lines.map((line) => {
    const { msg, fields } = JSON.parse(line) as LogRecord;
    const n = Number(msg);
    assert.equal(fields?.pad, PAD.slice(0, n % PAD.length), `record ${n} is not what was offered`);
    return n;
  });
  let before = -1;
  for (const n of numbers) {
    assert.ok(n > before, `record ${n} stands behind ${before} in the file`);
    before = n;
  }
  assert.ok(before <= book.offered);
  const found = new Set(numbers);
  for (const { from, to } of book.acknowledged) {
    for (let n = from; n <= to; n++) {
      assert.ok(found.has(n), `record ${n} of ${from} to ${to} was acknowledged and is lost`);
    }
  }
  return numbers;
}

/** The plain sink: the same records, in order but for repeats, and no more of those than promised. */
function checkPlain(book: Book, expected: readonly number[]): void {
  const seen = new Set<number>();
  let newest = -1;
  let rows = 0;
  let most = 0;
  for (let run = 0; run < book.runs; run++) {
    const sent = readPlain(plainPath(book, run));
    sent.forEach(({ n }, i) => {
      if (i > 0) assert.ok(n > sent[i - 1]!.n, `record ${n} comes out of order in run ${run}`);
      assert.ok(n > newest || seen.has(n), `record ${n} was overtaken by ${newest}`);
      newest = Math.max(newest, n);
      seen.add(n);
    });
    rows += sent.length;
    // The last run is not killed.
    if (run < book.kills) most += BATCH + mostIn(100, sent);
  }
  const numbers = [...seen];
  const different = expected.findIndex((n, i) => n !== numbers[i]);
  assert.equal(expected[different], undefined, "the sinks differ from this record on");
  assert.equal(seen.size, expected.length);
  const repeats = rows - seen.size;
  assert.ok(repeats <= most, `${repeats} repeats, allowed are ${most}`);
}

/** What a run's plain sink took, and when; a row that was being written at the kill does not count. */
function readPlain(path: string): readonly { readonly ms: number; readonly n: number }[] {
  if (!fs.existsSync(path)) return [];
  return fs.readFileSync(path, "utf8").split("\n").slice(0, -1).map((row) => {
    const [ms, n] = row.split(" ").map(Number);
    return { ms: ms!, n: n! };
  });
}

/** The most rows within any `span` milliseconds. */
function mostIn(span: number, rows: readonly { readonly ms: number }[]): number {
  let most = 0;
  let first = 0;
  rows.forEach(({ ms }, i) => {
    while (rows[first]!.ms < ms - span) first++;
    most = Math.max(most, i - first + 1);
  });
  return most;
}

/** Every record the lanes ever accepted is in one state, over all the kills, as the file bears out. */
function checkStats(stats: PipelineStats, delivered: number): void {
  const refused = Object.values(stats.refused).reduce((sum, count) => sum + count, 0);
  assert.equal(stats.offered, LAST_RUN);
  assert.equal(stats.offered, refused + stats.filtered + stats.accepted);
  for (const [name, lane] of Object.entries(stats.lanes)) {
    const dropped = Object.values(lane.dropped).reduce((sum, count) => sum + count, 0);
    const settled = lane.delivered + lane.deadLettered + lane.filtered + dropped;
    assert.equal(lane.accepted, settled + lane.pending, name);
    assert.deepEqual(
      [lane.accepted, lane.delivered, lane.pending],
      [delivered, delivered, 0],
      name,
    );
  }
}
