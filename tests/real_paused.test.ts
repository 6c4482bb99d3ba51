/** Two processes and one log: the first is paused by a signal, and loses its lock while it sleeps. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { assertHolds, mixedLine } from "./support/real_lines.ts";
import { type LogProcess, startLog } from "./support/real_log_process.ts";
import { needs } from "./support/real_needs.ts";
import { inFolder } from "./support/spawn.ts";

function linesOf(writer: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => mixedLine(from + i, writer));
}

test("a paused process keeps its lock", {
  ...needs("the lock of a paused process", "signals"),
}, () =>
  inFolder("paused", async (folder) => {
    await using first = startLog({ folder, writer: "first" });
    await using second = startLog({ folder, writer: "second" });
    first.tell("open", "write 20");
    await first.hear(/^ack 20$/);
    first.signal("SIGSTOP");
    second.tell("open");
    const answer = await second.hear(/^(open|refused) /);
    assert.match(answer, new RegExp(`^refused StoreLockedError .*process ${first.pid} `));
    first.signal("SIGCONT");
    first.tell("write 20");
    await first.hear(/^ack 40$/);
    first.tell("close");
    await first.hear(/^closed$/);
    second.tell("open", "write 20");
    await second.hear(/^open 41$/);
    await second.hear(/^ack 60$/);
    second.tell("close");
    await second.hear(/^closed$/);
    await using wal = await openWal(fileStore(folder));
    await assertHolds(wal, [...linesOf("first", 1, 40), ...linesOf("second", 41, 60)]);
  }));

/** How the first process wakes. */
interface Waking {
  /** Records that it wants to write; 20 fit the segment that is open, 5000 need further ones. */
  readonly count: number;
  /** Whether it closes its log while the answer is under way. */
  readonly closesAtOnce: boolean;
}

const WAKINGS: readonly Waking[] = [20, 5000].flatMap((count) =>
  [true, false].map((closesAtOnce) => ({ count, closesAtOnce }))
);

for (const waking of WAKINGS) {
  const { count, closesAtOnce } = waking;
  const then = closesAtOnce ? "and closes" : "and goes on";
  test(`a process whose log was taken over as it slept, wakes with ${count} records ${then}`, {
    ...needs("a log that is taken over from a paused process", "signals"),
  }, () => inFolder("paused", (folder) => takeOver(folder, waking)));
}

/** Checks that it does not acknowledge the records up to `last`, nor five more, and says why. */
async function assertRejects(first: LogProcess, last: number): Promise<void> {
  const answer = () => first.hear(/^(ack|rejected) /);
  const answers = [await answer(), await answer()].sort();
  for (const [i, text] of answers.entries()) {
    assert.match(text, new RegExp(`^rejected ${last + 5 * i} StoreFailedError .*lock`, "i"));
  }
}

async function takeOver(folder: string, { count, closesAtOnce }: Waking): Promise<void> {
  await using first = startLog({ folder, writer: "first" });
  await using second = startLog({ folder, writer: "second" });
  first.tell("open", "write 20");
  await first.hear(/^ack 20$/);
  first.tell("cursor 11");
  await first.hear(/^saved$/);
  first.signal("SIGSTOP");
  // What the message about a lock tells people to do about a process that has ended.
  fs.rmSync(join(folder, "LOCK"));
  second.tell("open", "write 20");
  await second.hear(/^open 21$/);
  await second.hear(/^ack 40$/);
  second.tell("cursor 31");
  await second.hear(/^saved$/);
  const before = fs.readdirSync(folder).sort();
  first.signal("SIGCONT");
  first.tell(`write ${count}`, "cursor 15", "write 5", ...(closesAtOnce ? ["close"] : []));
  await assertRejects(first, 20 + count);
  if (!closesAtOnce) first.tell("close");
  await first.ended;
  assert.ok(first.said.includes("closed"), first.said.join("\n"));
  const after = fs.readdirSync(folder).sort();
  // The first one's end takes nothing from the second.
  second.tell("write 20");
  await second.hear(/^ack 60$/);
  second.tell("close");
  await second.hear(/^closed$/);
  await using wal = await openWal(fileStore(folder));
  await assertHolds(wal, [...linesOf("first", 1, 20), ...linesOf("second", 21, 60)]);
  assert.deepEqual(wal.cursors().map(({ lane, nextSeq }) => [lane, nextSeq]), [["second", 31]]);
  assert.deepEqual(after, before, "the first process changed what is not its own any more");
}
