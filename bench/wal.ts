/**
 * How fast the write-ahead log is, beside bare system calls on the same disk in the same run:
 *
 *     deno run -A bench/wal.ts [--quick] [part...]    bun bench/wal.ts    node bench/wal.ts
 *
 * Every comparison runs both sides in turns and shows the median ratio with the least and the greatest one.
 * Parts are `lines`, `waiters`, `scans`, `segments`, `sqlite`, `go` and `extras`. The data goes to
 * `LOGFLUME_BENCH_DIR`, or to the folder of temporary files, which should be on a disk.
 */
import process from "node:process";
import { besideGo, besideSqlite } from "./wal_beside.ts";
import { type BenchPlace, inBenchFolder } from "./wal_place.ts";
import { manySegments, scans } from "./wal_read.ts";
import { printTable, type Row } from "./wal_table.ts";
import { extras, manyLines, waiters } from "./wal_write.ts";

const PARTS: Readonly<Record<string, (place: BenchPlace) => Promise<Row[]>>> = {
  lines: manyLines,
  waiters,
  scans,
  segments: manySegments,
  sqlite: besideSqlite,
  go: besideGo,
  extras,
};

function runtimeName(): string {
  const { deno, bun, node } = process.versions as Record<string, string | undefined>;
  if (deno !== undefined) return `Deno ${deno}`;
  return bun === undefined ? `Node ${node}` : `Bun ${bun}`;
}

function wantedParts(args: readonly string[]): string[] {
  const names = args.filter((arg) => !arg.startsWith("--"));
  const unknown = names.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    throw new Error(`Unknown part "${unknown}": allowed are ${Object.keys(PARTS).join(", ")}`);
  }
  return names.length > 0 ? names : Object.keys(PARTS);
}

const args = process.argv.slice(2);
const parts = wantedParts(args);
const quick = args.includes("--quick");
await inBenchFolder(quick, async (place) => {
  const rows: Row[] = [];
  for (const part of parts) rows.push(...await PARTS[part]!(place));
  const rounds = `${place.rounds} rounds${quick ? ", quick" : ""}`;
  printTable(`The write-ahead log on ${runtimeName()}, ${rounds}`, rows);
});
