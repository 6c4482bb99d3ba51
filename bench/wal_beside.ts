/** Beside what else keeps records safe. */
import { fileStore } from "../src/storage/file.ts";
import { openWal } from "../src/wal/wal.ts";
import { writeRows } from "./floors.ts";
import { linesOf } from "./wal_lines.ts";
import type { BenchPlace } from "./wal_place.ts";
import { inTurns, microsecondsEach, perSecond, type Row, speedRow } from "./wal_table.ts";
import { oneByOne } from "./wal_write.ts";

/** What a log pipeline written in Go took for a record, in seconds; its writes were not synced. */
const GO_WRITE = 32e-6;
const GO_READ = 15e-6;

async function writeCommits(
  place: BenchPlace,
  lines: readonly string[],
  rowsACommit: number,
): Promise<number> {
  const wal = await openWal(fileStore(place.fresh("beside")));
  const begin = performance.now();
  for (let i = 0; i < lines.length; i += rowsACommit) {
    for (const line of lines.slice(i, i + rowsACommit)) wal.stage(line);
    await wal.sync();
  }
  const took = (performance.now() - begin) / 1000;
  await wal.close();
  return took;
}

/** Beside SQLite, one row and 500 rows a commit. */
export async function besideSqlite(place: BenchPlace): Promise<Row[]> {
  const rows: Row[] = [];
  for (const rowsACommit of [1, 500]) {
    const lines = linesOf((place.quick ? 100 : 400) * (rowsACommit === 1 ? 1 : 100));
    const path = (): string => place.fresh("sqlite");
    if (await writeRows(path(), lines.slice(0, 1), 1) === undefined) {
      console.log("node:sqlite is not part of this runtime: nothing to compare with");
      return [];
    }
    const took = await inTurns(
      place.rounds,
      () => writeCommits(place, lines, rowsACommit),
      () => writeRows(path(), lines, rowsACommit) as Promise<number>,
    );
    const what = `${rowsACommit} rows a commit; floor: node:sqlite, WAL, synchronous=FULL`;
    rows.push(speedRow(what, took, perSecond(lines.length, "rows")));
  }
  return rows;
}

/** Beside the figures that a system in Go gives for itself. */
export async function besideGo(place: BenchPlace): Promise<Row[]> {
  const { write, read } = await oneByOne(place);
  const show = microsecondsEach(1);
  return [
    speedRow("a write, synced; floor: 32 µs of a Go system, not synced", {
      ours: [write],
      floor: [GO_WRITE],
    }, show),
    speedRow(
      "a read, one by one; floor: 15 µs of that system",
      { ours: [read], floor: [GO_READ] },
      show,
    ),
  ];
}
