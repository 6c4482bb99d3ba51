import { codeOf, messageOf } from "../errors.ts";
import { type VerifiedLog, verifyLog } from "../wal/inspect.ts";
import { print, say } from "./say.ts";
import { findLogs } from "./wal_folder.ts";
import { WAL_VERIFY_HELP } from "./wal_help.ts";
import { parseLookOptions } from "./wal_options.ts";
import { bytesText, type Marks, outputMarks, plain, recordsText } from "./wal_text.ts";

/**
 * `logflume wal verify`: checks every byte of a log. Answers the exit code: 1 if something is damaged.
 *
 * @throws {UsageError} If it was called wrongly, or there is no log
 */
export async function walVerify(args: readonly string[]): Promise<number> {
  const { folder, json, help } = parseLookOptions(args);
  if (help) {
    await print(WAL_VERIFY_HELP);
    return 0;
  }
  const { store, inner } = findLogs(folder);
  const logs: VerifiedLog[] = [];
  try {
    for (const one of [store, ...inner.values()]) logs.push(await verifyLog(one));
  } catch (error) {
    if (codeOf(error) !== "EIO") throw error;
    say(`The disk cannot read the log in "${folder}": ${messageOf(error)}`);
    return 1;
  }
  const ok = logs.every(({ damage }) => damage.length === 0);
  const [log, ...others] = logs;
  if (json) await print(JSON.stringify({ ok, ...log, inner: others }) + "\n");
  else {
    const marks = outputMarks();
    await print(logs.map((one) => textOf(one, marks)).join(""));
  }
  return ok ? 0 : 1;
}

function textOf(log: VerifiedLog, marks: Marks): string {
  const { label, segments, bytes, firstSeq, nextSeq, damage, torn } = log;
  const lines = damage.map(({ message }) => marks.wrong(plain(message)));
  if (torn !== undefined) {
    const { segment, offset, end } = torn;
    lines.push(
      `Segment "${segment}" ends with ${end - offset} bytes of an unfinished write, from byte ` +
        `${offset} to ${end}: no damage, the next start cuts them off`,
    );
  }
  const what = `"${plain(label)}": ${count(segments, "segment")}, ${bytesText(bytes)}, ` +
    recordsText(firstSeq, nextSeq);
  const verdict = damage.length === 0
    ? "all is well"
    : `${count(damage.length, "place")} damaged, ${count(log.lost, "record")} lost`;
  return [...lines, `${what}: ${verdict}`].map((line) => `${line}\n`).join("");
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
