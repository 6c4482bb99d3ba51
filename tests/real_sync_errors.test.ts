/**
 * Errors of the disk as the kernel reports them: system calls of a process that has a log are made to fail
 * by strace. What was acknowledged is judged from outside, by what the process said.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { assertHolds, heldLines, mixedLine } from "./support/real_lines.ts";
import { type LogProcess, startLog } from "./support/real_log_process.ts";
import { needs } from "./support/real_needs.ts";
import { injectFault } from "./support/real_strace.ts";
import { inFolder } from "./support/spawn.ts";

const WRITER = "faults";

/** A process whose log is open and has acknowledged twenty records. */
interface Subject extends AsyncDisposable {
  readonly process: LogProcess;
  readonly folder: string;
  /** The path of the segment that it writes. */
  readonly segment: string;
}

async function startSubject(folder: string): Promise<Subject> {
  const process = startLog({ folder, writer: WRITER });
  process.tell("open", "write 20");
  await process.hear(/^ack 20$/);
  const segment = join(folder, segmentsIn(folder).at(-1)!);
  return { process, folder, segment, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

function segmentsIn(folder: string): string[] {
  return fs.readdirSync(folder).filter((name) => /^wal-.*\.ndjson$/.test(name)).sort();
}

function linesUpTo(last: number): string[] {
  return Array.from({ length: last }, (_, i) => mixedLine(i + 1, WRITER));
}

/** Checks that a start finds exactly the records up to `last`, and a log that is in order. */
async function assertKept(folder: string, last: number): Promise<void> {
  await using wal = await openWal(fileStore(folder), { retain: "all", windowBytes: 0 });
  await assertHolds(wal, linesUpTo(last));
  assert.equal(wal.nextSeq, last + 1);
}

/** Checks that a start finds all up to `acknowledged`, and beyond it only what was staged, in order. */
async function assertKeptAtLeast(
  folder: string,
  acknowledged: number,
  staged: number,
): Promise<void> {
  await using wal = await openWal(fileStore(folder), { retain: "all", windowBytes: 0 });
  const held = await heldLines(wal);
  assert.ok(held.length >= acknowledged && held.length <= staged, `${held.length} records held`);
  assert.deepEqual(held, linesUpTo(held.length));
}

/** Checks that the log closes, and that the process then ends as one that has nothing to complain of. */
async function assertClosesWell(process: LogProcess): Promise<void> {
  process.tell("close");
  await process.hear(/^closed$/);
  const { code, signal, stderr } = await process.ended;
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
}

const acks = (process: LogProcess) => process.said.filter((line) => line.startsWith("ack "));

for (const end of ["closes", "is killed"] as const) {
  test(`fdatasync fails on a segment: its records are acknowledged by the next; it ${end}`, {
    ...needs(`a sync that fails once, and a log that ${end}`, "trace"),
  }, () =>
    inFolder("fault", async (folder) => {
      await using subject = await startSubject(folder);
      const { process, segment } = subject;
      await using fault = await injectFault(process.pid, {
        call: "fdatasync",
        error: "EIO",
        path: segment,
      });
      // The second and third ask while the first one's sync is under way.
      process.tell("write 10", "write 10", "write 10");
      assert.equal(await process.hear(/^(ack 50|rejected)/), "ack 50");
      process.tell("write 5");
      await process.hear(/^ack 55$/);
      const notices = process.said.filter((line) => line.startsWith("notice "));
      assert.equal(notices.length, 1, notices.join("\n"));
      if (end === "closes") {
        await assertClosesWell(process);
      } else {
        process.signal("SIGKILL");
        await process.ended;
      }
      await fault.end();
      assert.equal(fault.count("fdatasync", segment), 1, "a failed sync was tried again");
      assert.ok(segmentsIn(folder).length > 1, "the records went to a new segment");
      await assertKept(folder, 55);
    }));
}

test(
  "fdatasync fails for ever: all are told, none is acknowledged, the rest is kept",
  {
    ...needs("a sync that always fails", "trace"),
  },
  () =>
    inFolder("fault", async (folder) => {
      await using subject = await startSubject(folder);
      const { process, segment } = subject;
      await using fault = await injectFault(process.pid, { call: "fdatasync", error: "EIO" });
      process.tell("write 10", "write 10", "write 10");
      const answer = () => process.hear(/^(ack|rejected) /);
      const answers = [await answer(), await answer(), await answer()].sort();
      answers.forEach((text, i) => {
        assert.match(text, new RegExp(`^rejected ${30 + 10 * i} StoreFailedError .*${folder}`));
      });
      process.tell("write 1");
      assert.match(await answer(), /^rejected 51 StoreFailedError /);
      assert.ok(process.said.some((line) => line.startsWith("notice failed ")));
      await assertClosesWell(process);
      assert.deepEqual(acks(process), ["ack 20"]);
      await fault.end();
      assert.equal(fault.count("fdatasync", segment), 1, "a failed sync was tried again");
      await assertKeptAtLeast(folder, 20, 51);
    }),
);

test("fdatasync meets a full disk: the records wait and are acknowledged when space returns", {
  ...needs("a sync that meets a full disk", "trace"),
}, () =>
  inFolder("fault", async (folder) => {
    await using subject = await startSubject(folder);
    const { process } = subject;
    await using fault = await injectFault(process.pid, { call: "fdatasync", error: "ENOSPC" });
    process.tell("write 10", "write 10");
    assert.match(await process.hear(/^(ack|rejected|notice)/), /^notice write-failed .*no space/i);
    process.tell("write 10");
    await fault.end();
    assert.equal(await process.hear(/^(ack 50|rejected)/), "ack 50");
    await assertClosesWell(process);
    await assertKept(folder, 50);
  }));

for (const isOnce of [true, false]) {
  test(`a write fails ${isOnce ? "once" : "for a while"}: the records wait and are acknowledged`, {
    ...needs(`a write that fails ${isOnce ? "once" : "for a while"}`, "trace"),
  }, () =>
    inFolder("fault", async (folder) => {
      await using subject = await startSubject(folder);
      const { process, segment } = subject;
      await using fault = await injectFault(process.pid, {
        call: "pwrite64",
        error: "EIO",
        path: segment,
        once: isOnce,
      });
      process.tell("write 10", "write 10");
      assert.match(
        await process.hear(/^(ack|rejected|notice)/),
        /^notice write-failed .*(EIO|input\/output|i\/o error)/i,
      );
      if (!isOnce) assert.deepEqual(acks(process), ["ack 20"]);
      process.tell("write 10");
      if (!isOnce) await fault.end();
      assert.equal(await process.hear(/^(ack 50|rejected)/), "ack 50");
      await assertClosesWell(process);
      await fault.end();
      assert.ok(fault.count("pwrite64", segment) >= 1);
      await assertKept(folder, 50);
    }));
}

test("fsync of the folder fails at a rotation: nothing in the new segment is acknowledged by it", {
  ...needs("a folder that cannot be synced", "trace"),
}, () =>
  inFolder("fault", async (folder) => {
    await using subject = await startSubject(folder);
    const { process } = subject;
    await using fault = await injectFault(process.pid, { call: "fsync", error: "EIO" });
    let staged = 20;
    // Until the segment of 1 MiB is full.
    while (segmentsIn(folder).length === 1) {
      process.tell("write 100");
      staged += 100;
      await process.hear(new RegExp(`^(ack|rejected) ${staged}( |$)`));
    }
    assert.match(process.said.at(-1)!, /^rejected \d+ StoreFailedError /);
    const acknowledged = Number(acks(process).at(-1)!.split(" ")[1]);
    await assertClosesWell(process);
    await fault.end();
    assert.ok(fault.count("fsync", folder) >= 1);
    await assertKeptAtLeast(folder, acknowledged, staged);
  }));

test("fdatasync fails while a log opens: opening says so in one sentence, and works later", {
  ...needs("a sync that fails while a log opens", "trace"),
}, () =>
  inFolder("fault", async (folder) => {
    const before = await startSubject(folder);
    await before[Symbol.asyncDispose]();
    await using process = startLog({ folder, writer: WRITER });
    // It is up once it obeys: its log is not open.
    process.tell("cursor 1");
    await process.hear(/^refused /);
    await using fault = await injectFault(process.pid, { call: "fdatasync", error: "EIO" });
    process.tell("open");
    const answer = await process.hear(/^(open|refused) /);
    assert.match(answer, new RegExp(`^refused StoreFailedError [^\\n]*"${folder}"[^\\n]*$`));
    await fault.end();
    await assertKept(folder, 20);
  }));
