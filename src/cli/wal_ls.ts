import { type InspectedLog, inspectLog } from "../wal/inspect.ts";
import { print } from "./say.ts";
import { findLogs } from "./wal_folder.ts";
import { WAL_LS_HELP } from "./wal_help.ts";
import { parseLookOptions } from "./wal_options.ts";
import {
  bytesText,
  type Column,
  type Marks,
  outputMarks,
  plain,
  recordsText,
  table,
} from "./wal_text.ts";

/**
 * `logflume wal ls`: what a log consists of. Answers the exit code.
 *
 * @throws {UsageError} If it was called wrongly, or there is no log
 */
export async function walLs(args: readonly string[]): Promise<number> {
  const { folder, json, help } = parseLookOptions(args);
  if (help) {
    await print(WAL_LS_HELP);
    return 0;
  }
  const { store, inner } = findLogs(folder);
  const log = await inspectLog(store);
  const logs: InspectedLog[] = [];
  for (const one of inner.values()) logs.push(await inspectLog(one));
  if (json) {
    await print(JSON.stringify({ ...log, inner: logs }) + "\n");
  } else {
    const marks = outputMarks();
    await print([log, ...logs].map((one) => textOf(one, marks)).join("\n"));
  }
  return 0;
}

const SEGMENT_COLUMNS: readonly Column[] = columns(
  "SEGMENT",
  "#FIRST",
  "#LAST",
  "#EPOCH",
  "#SIZE",
  "CREATED",
  "STATE",
);
const CURSOR_COLUMNS: readonly Column[] = columns(
  "CURSOR",
  "#NEXT",
  "#LAG",
  "#DELIVERED",
  "#DEAD",
  "#DROPPED",
);
const INPUT_COLUMNS: readonly Column[] = columns("INPUT", "#OFFSET");
const ASIDE_COLUMNS: readonly Column[] = columns("SET ASIDE", "#SIZE", "KIND");

/** Columns by their titles; `#` marks those of numbers. */
function columns(...titles: readonly string[]): Column[] {
  return titles.map((title) => ({ title: title.replace("#", ""), isNumber: title[0] === "#" }));
}

function textOf(log: InspectedLog, marks: Marks): string {
  const { firstSeq, nextSeq, durableSeq, bytes, fileBytes } = log;
  const durable = nextSeq <= firstSeq || durableSeq >= nextSeq
    ? ""
    : durableSeq > firstSeq
    ? `, durable up to ${durableSeq - 1}`
    : ", none known to be durable";
  const id = log.logId === undefined ? "" : `Log ${log.logId} in `;
  const title = `${id}"${plain(log.label)}": ${recordsText(firstSeq, nextSeq)}${durable}, ` +
    `${bytesText(bytes)} in segments, ${bytesText(fileBytes)} in all`;
  const tables = [
    table(SEGMENT_COLUMNS, segmentRows(log), marks),
    table(CURSOR_COLUMNS, cursorRows(log), marks),
    table(INPUT_COLUMNS, log.inputs.map((one) => [plain(one.file), String(one.offset)]), marks),
    table(ASIDE_COLUMNS, log.aside.map((a) => [plain(a.name), bytesText(a.bytes), a.kind]), marks),
  ].filter((text) => text.split("\n").length > 2);
  const damage = log.damage.map((message) => marks.wrong(plain(message)) + "\n").join("");
  return [`${title}\n`, damage, ...tables].filter((part) => part !== "").join("\n");
}

function segmentRows({ segments }: InspectedLog): string[][] {
  return segments.map(({ name, firstSeq, nextSeq, epoch, bytes, created, state, isSound }) => [
    name,
    nextSeq > firstSeq ? String(firstSeq) : "-",
    nextSeq > firstSeq ? String(nextSeq - 1) : "-",
    isSound ? String(epoch) : "-",
    bytesText(bytes),
    isSound ? created : "-",
    isSound ? state : `${state}, first line damaged`,
  ]);
}

function cursorRows({ cursors, nextSeq: end }: InspectedLog): string[][] {
  return cursors.map(({ lane, nextSeq, lag, delivered, deadLettered, dropped }) => [
    plain(lane),
    String(nextSeq),
    nextSeq > end ? `${nextSeq - end} ahead` : String(lag),
    String(delivered),
    String(deadLettered),
    String(Object.values(dropped).reduce((sum, count) => sum + count, 0)),
  ]);
}
