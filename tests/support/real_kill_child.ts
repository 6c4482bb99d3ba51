/**
 * The process that the kill test ends at random moments: opens a log and stages lines in groups, with up
 * to three groups waiting for their acknowledgement at once. It says `opening`, `open NEXT`, `staging N`
 * before the lines up to N are staged, `ack N` when they are durable, and `resting` when it stands still
 * with everything acknowledged.
 */
import { openWal, type Wal } from "../../mod.ts";
import { fileStore } from "../../src/storage/file.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { mixedLine } from "./real_lines.ts";
import { say, scriptArgument, standStill } from "./spawn.ts";

/** What the process is to do. */
export interface KillTask {
  /** The folder of the log. */
  readonly folder: string;
  /** Named in each line. */
  readonly writer: string;
  /** Decides how large the groups are, and what is done with each. */
  readonly seed: number;
  /** A segment is closed at this size. */
  readonly segmentBytes: number;
  /** Stands still after so many groups; without it, goes on until killed. */
  readonly restAfter?: number;
}

/** Groups that wait for their acknowledgement at once, at most. */
const OVERLAP = 3;
/** A process that nobody kills ends after so many records. */
const MOST_RECORDS = 500_000;

async function main(task: KillTask): Promise<void> {
  const { folder, writer, seed, segmentBytes, restAfter = Infinity } = task;
  const random = seededRandom(seed).below;
  say("opening");
  const wal = await openWal(fileStore(folder), { segmentBytes, retain: "all" });
  say(`open ${wal.nextSeq}`);
  const waiting: Promise<void>[] = [];
  for (let groups = 0; groups < restAfter && wal.nextSeq < MOST_RECORDS; groups++) {
    const last = stageGroup(wal, 1 + random(60), writer);
    // Some groups are written without being asked about: the next acknowledgement covers them.
    if (random(4) === 0) wal.flushSync();
    else waiting.push(wal.sync().then(() => say(`ack ${last}`)));
    if (waiting.length >= OVERLAP) await waiting.shift();
  }
  await wal.sync();
  say(`ack ${wal.nextSeq - 1}`);
  say("resting");
  standStill(30_000);
}

function stageGroup(wal: Wal, count: number, writer: string): number {
  const last = wal.nextSeq + count - 1;
  say(`staging ${last}`);
  while (wal.nextSeq <= last) wal.stage(mixedLine(wal.nextSeq, writer));
  return last;
}

await main(scriptArgument() as KillTask);
