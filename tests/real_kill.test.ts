/**
 * Kills a process that writes a log of its own, over and over on one folder, and reads the log after each
 * kill. What must be there is judged from outside, by what the process said before it died.
 *
 * `LOGFLUME_KILLS` sets how many kills (12), `LOGFLUME_KILL_SEED` repeats the plan of a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import type { KillTask } from "./support/real_kill_child.ts";
import { heldLines, mixedLine } from "./support/real_lines.ts";
import { needs } from "./support/real_needs.ts";
import { seededRandom } from "../src/testing/random.ts";
import { inFolder, startScript } from "./support/spawn.ts";

/** Small, so that many a kill lands in or near a rotation. */
const SEGMENT_BYTES = 32 * 1024;
/** A log of this many records is left, and the next kills have one of their own. */
const MOST_RECORDS = 20_000;
const KILLS = Number(process.env.LOGFLUME_KILLS ?? 12);
const SEED = Number(process.env.LOGFLUME_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** When a process is killed: when it says its n-th line, or while it stands still after n groups. */
type Moment = { readonly line: number } | { readonly rest: number };

/** What is known of the log from outside. */
interface Book {
  readonly folder: string;
  /** The lines that a reader has seen; they never change any more. */
  readonly lines: string[];
}

/** What a process said before it was killed. */
interface Words {
  /** The number of its first record; undefined if it was killed before its log was open. */
  readonly from: number | undefined;
  /** All up to this record may have been staged. */
  readonly staged: number;
  /** All up to this record was acknowledged. */
  readonly acknowledged: number;
}

test("a log keeps every acknowledged record over kill -9, and makes up none", {
  ...needs("kills of a process that writes a log", "signals"),
  timeout: 60_000 + KILLS * 2000,
}, async () => {
  const random = seededRandom(SEED).below;
  let inFlight = 0;
  try {
    for (let left = KILLS; left > 0;) {
      await inFolder("kill", async (folder) => {
        const book: Book = { folder, lines: [] };
        while (left > 0 && book.lines.length < MOST_RECORDS) {
          const nth = KILLS - left--;
          if (await killOnce(book, random, nth)) inFlight++;
        }
      });
    }
    assert.ok(inFlight > 0, `none of ${KILLS} kills met records in flight`);
  } catch (error) {
    console.error(`LOGFLUME_KILL_SEED=${SEED}`);
    throw error;
  }
});

/** One process, killed, and a look at what it left; says whether it was killed with records in flight. */
async function killOnce(
  book: Book,
  random: (below: number) => number,
  nth: number,
): Promise<boolean> {
  const writer = String(nth);
  const seed = random(2 ** 31);
  const task: KillTask = { folder: book.folder, writer, seed, segmentBytes: SEGMENT_BYTES };
  const words = await killed(task, momentOf(nth, random));
  const held = book.lines.length;
  if (words.from !== undefined) {
    assert.equal(words.from, held + 1, "the first number that it gave");
  }
  await readAgain(book);
  const { length } = book.lines;
  assert.ok(length >= words.acknowledged, `${words.acknowledged} was acknowledged, ${length} held`);
  assert.ok(length <= Math.max(held, words.staged), `${words.staged} was staged, ${length} held`);
  for (let seq = held + 1; seq <= length; seq++) {
    assert.equal(book.lines[seq - 1], mixedLine(seq, writer), `record ${seq}`);
  }
  return words.staged > words.acknowledged;
}

/** One in eight while it opens, one in four while all is acknowledged, the others in the middle of work. */
function momentOf(nth: number, random: (below: number) => number): Moment {
  if (nth % 8 === 0) return { line: 0 };
  return nth % 4 === 1 ? { rest: random(40) } : { line: 2 + random(120) };
}

/** Runs a process until its moment. */
async function killed(task: KillTask, moment: Moment): Promise<Words> {
  let said = 0;
  const rests = "rest" in moment;
  const { child, ended } = startScript(
    "real_kill_child.ts",
    rests ? { ...task, restAfter: moment.rest } : task,
    (line) => {
      const isMoment = rests ? line === "resting" : said === moment.line;
      said++;
      if (isMoment) child.kill("SIGKILL");
    },
  );
  const { signal, stdout, stderr } = await ended;
  assert.equal(signal, "SIGKILL", `it ended by itself: ${stderr}`);
  const last = { open: 0, staging: 0, ack: 0 };
  // A line without its LF was not said to the end.
  for (const line of stdout.split("\n").slice(0, -1)) {
    const [word, number] = line.split(" ");
    if (word! in last) last[word as keyof typeof last] = Number(number);
  }
  return { from: last.open || undefined, staged: last.staging, acknowledged: last.ack };
}

/** Opens the log as the next process would, and takes down what it holds. */
async function readAgain({ folder, lines }: Book): Promise<void> {
  const store = fileStore(folder);
  await using wal = await openWal(store, { retain: "all", windowBytes: 0 });
  const found = await heldLines(wal);
  const changed = lines.findIndex((line, i) => found[i] !== line);
  assert.equal(changed, -1, `record ${changed + 1} was there before and is not any more`);
  lines.push(...found.slice(lines.length));
  assert.equal(wal.nextSeq, lines.length + 1);
}
