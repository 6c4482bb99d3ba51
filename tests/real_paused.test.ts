/** Two processes and one log: the first is paused by a signal, and loses its lock while it sleeps. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { assertHolds, mixedLine } from "./support/real_lines.ts";
import { startLog } from "./support/real_log_process.ts";
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

/** The segment that was open takes the first number of records; the second one needs further segments. */
for (const woken of [20, 5000]) {
  test(`a process that slept while its log was taken over promises none of ${woken} records`, {
    ...needs("a log that is taken over from a paused process", "signals"),
  }, () => inFolder("paused", (folder) => takeOver(folder, woken)));
}

async function takeOver(folder: string, woken: number): Promise<void> {
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
  first.signal("SIGCONT");
  first.tell(`write ${woken}`, "cursor 15", "write 5", "close");
  await first.hear(/^closed$/);
  await first.ended;
  const answers = first.said.slice(first.said.indexOf("saved") + 1).filter((line) =>
    /^(ack|rejected) /.test(line)
  );
  assert.equal(answers.length, 2);
  for (const [i, text] of answers.sort().entries()) {
    const last = 20 + woken + 5 * i;
    assert.match(text, new RegExp(`^rejected ${last} StoreFailedError .*lock`, "i"));
  }
  // The first one's end takes nothing from the second.
  second.tell("write 20");
  await second.hear(/^ack 60$/);
  second.tell("close");
  await second.hear(/^closed$/);
  await using wal = await openWal(fileStore(folder));
  await assertHolds(wal, [...linesOf("first", 1, 20), ...linesOf("second", 21, 60)]);
  assert.deepEqual(wal.cursors().map(({ lane, nextSeq }) => [lane, nextSeq]), [["second", 31]]);
}
