/** Runs processes over one log, kills them, and takes down what can be seen from outside. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import type { DeadLetter, PipelineStats } from "../../mod.ts";
import { readLetters } from "../../src/cli/dlq_folder.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { ChaosTask } from "./chaos_child.ts";
import { CHAOS_LANES, type ChaosLane } from "./chaos_lanes.ts";
import { inFolder, startScript } from "./spawn.ts";

/** How a trial is made. */
export interface ChaosPlan {
  readonly seed: number;
  readonly records: number;
  readonly kills: number;
  /** Records a second. */
  readonly pace: number;
  /** The most records of a batch. */
  readonly maxRecords: number;
  /** How long the slow sink takes to answer. */
  readonly slowMs: number;
  /** Whether the lanes that fail are there. */
  readonly withBad: boolean;
}

/** What a lane wrote down about a record. */
export interface Row {
  /** The sequence number in the log. */
  readonly seq: number;
  /** The record's own number. */
  readonly n: number;
  /** The life in which it was offered. */
  readonly bornIn: number;
  /** When it was due, by the clock of that life. */
  readonly dueMs: number;
  /** When the sink took it, by the clock of the life that delivered it. */
  readonly atMs: number;
}

/** What one process said and did. */
export interface Life {
  readonly wasKilled: boolean;
  /** Records below this number may have been offered. */
  readonly offered: number;
  /** Records from here up to `acknowledged` are known to be durable. */
  readonly from: number;
  readonly acknowledged: number;
  /** The most memory that it had, in bytes. */
  readonly peakRss: number;
  /** The counts before and after a close. */
  readonly stats: readonly PipelineStats[];
  /** What each lane took in this life, in the order taken. */
  readonly rows: Readonly<Record<ChaosLane, readonly Row[]>>;
}

/** Everything that was seen. */
export interface Sight {
  readonly plan: ChaosPlan;
  readonly lives: readonly Life[];
  readonly letters: readonly DeadLetter[];
}

/** When a process is killed: as it opens its log, or as it says its first line from a number on. */
type Moment = "opening" | number;

/** The last process gets so long to settle everything. */
const DRAIN_MS = 60_000;

/**
 * Runs a plan: a life for each kill, one that offers the rest and ends by itself while the hanging sink
 * still hangs, and one in which it answers.
 */
export async function runTrial(plan: ChaosPlan): Promise<Sight> {
  const lives: Life[] = [];
  let letters: DeadLetter[] = [];
  await inFolder("chaos", async (folder) => {
    const rows = join(folder, "rows");
    fs.mkdirSync(rows);
    const data = join(folder, "log");
    const task = (from: number, heals: boolean): ChaosTask => ({
      data,
      folder: rows,
      life: lives.length,
      seed: plan.seed + lives.length,
      maxRecords: plan.maxRecords,
      slowMs: plan.slowMs,
      pace: plan.pace,
      withBad: plan.withBad,
      heals,
      from,
      to: plan.records,
      drainMs: heals ? DRAIN_MS : 0,
    });
    let from = 0;
    for (const moment of [...momentsOf(plan), undefined]) {
      lives.push(await live(task(from, false), moment));
      from = lives.at(-1)!.offered;
    }
    lives.push(await live(task(plan.records, true), undefined));
    if (plan.withBad) letters = await readLetters(data);
  });
  return { plan, lives, letters };
}

/** One kill in six lands in the opening of the log, the others anywhere. */
function momentsOf({ seed, records, kills }: ChaosPlan): Moment[] {
  const random = seededRandom(seed);
  const numbers = Array.from({ length: kills }, () => random.below(records)).sort((a, b) => a - b);
  return numbers.map((n) => random.below(6) === 0 ? "opening" : n);
}

async function live(task: ChaosTask, moment: Moment | undefined): Promise<Life> {
  const { child, ended } = startScript("chaos_child.ts", task, (line) => {
    const [word, number] = line.split(" ");
    const isMoment = moment === "opening"
      ? word === "opening"
      : (word === "offer" || word === "ack") && Number(number) >= moment!;
    if (moment !== undefined && isMoment) child.kill("SIGKILL");
  });
  const { signal, code, stdout, stderr } = await ended;
  const wasKilled = moment !== undefined;
  assert.equal(wasKilled ? signal : code, wasKilled ? "SIGKILL" : 0, `it ended so: ${stderr}`);
  const said = { offer: task.from, ack: task.from, rss: 0 };
  const stats: PipelineStats[] = [];
  for (const line of wholeLines(stdout)) {
    const space = line.indexOf(" ");
    const [word, rest] = [line.slice(0, space), line.slice(space + 1)];
    if (word === "stats" || word === "closed") stats.push(JSON.parse(rest));
    else if (word in said) {
      const key = word as keyof typeof said;
      said[key] = Math.max(said[key], Number(rest));
    }
  }
  const { offer: offered, ack: acknowledged, rss: peakRss } = said;
  const rows = rowsOf(task);
  return { wasKilled, from: task.from, offered, acknowledged, peakRss, stats, rows };
}

function rowsOf({ folder, life }: ChaosTask): Record<ChaosLane, Row[]> {
  const read = (lane: ChaosLane): Row[] => {
    const path = join(folder, `${lane}.${life}`);
    return fs.existsSync(path) ? wholeLines(fs.readFileSync(path, "utf8")).map(rowOf) : [];
  };
  const rows = CHAOS_LANES.map((lane) => [lane, read(lane)] as const);
  return Object.fromEntries(rows) as Record<ChaosLane, Row[]>;
}

function rowOf(line: string): Row {
  const [seq, n, bornIn, dueMs, atMs] = line.split(" ").map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { seq, n, bornIn, dueMs, atMs };
}

/** A line that a kill cut off was not said. */
function wholeLines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}
