/** Reading: what an opening has to scan, all records from the disk, and a log of many segments. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileStore } from "../src/storage/file.ts";
import type { FileStore } from "../src/storage/store.ts";
import { openWal } from "../src/wal/wal.ts";
import { readAndSum, readHeads } from "./floors.ts";
import { bytesOf, lineOf, linesOf, proveThatItHolds, sumOf } from "./wal_lines.ts";
import type { BenchPlace } from "./wal_place.ts";
import {
  inTurns,
  median,
  milliseconds,
  perSecond,
  type Row,
  speedRow,
  timeRow,
} from "./wal_table.ts";
import { produce } from "./wal_write.ts";

const MIB = 1024 * 1024;

/** A log whose records stand in one large segment. */
async function writeLarge(place: BenchPlace, wantedBytes: number): Promise<LargeLog> {
  const folder = place.fresh("large");
  const store = fileStore(folder);
  const lines = linesOf(100_000);
  const times = Math.ceil(wantedBytes / bytesOf(lines));
  const wal = await openWal(store, { segmentBytes: 1024 * MIB });
  for (let i = 0; i < times; i++) await produce(wal, lines);
  await wal.close();
  const count = times * lines.length;
  const all = Array.from({ length: times }, () => lines).flat();
  await proveThatItHolds(store, { count, sum: sumOf(all) });
  const entries = (await store.list()).filter(({ name }) => name.startsWith("wal-"));
  const largest = entries.toSorted((a, b) => b.size - a.size)[0]!;
  return { store, path: join(folder, largest.name), bytes: largest.size, count };
}

interface LargeLog {
  readonly store: FileStore;
  readonly path: string;
  readonly bytes: number;
  readonly count: number;
}

/** Puts the log back to where its large segment is the newest, as after the opening that wrote it. */
async function forgetOpenings({ store, path }: LargeLog): Promise<void> {
  for (const { name } of await store.list()) {
    if (name.startsWith("wal-") && !path.endsWith(name)) await store.remove(name);
  }
}

async function openLarge(log: LargeLog): Promise<number> {
  await forgetOpenings(log);
  return await openOnce(log.store);
}

async function openOnce(store: FileStore): Promise<number> {
  const begin = performance.now();
  const wal = await openWal(store);
  const took = (performance.now() - begin) / 1000;
  await wal.close();
  return took;
}

async function readAll({ store, count }: LargeLog): Promise<number> {
  const wal = await openWal(store);
  const begin = performance.now();
  const reader = wal.reader(1);
  let found = 0;
  for (;;) {
    const read = await reader.next();
    if (read.kind !== "lines") break;
    found += read.chunk.count;
  }
  const took = (performance.now() - begin) / 1000;
  reader.close();
  await wal.close();
  if (found !== count) throw new Error(`Read ${found} records of ${count}`);
  return took;
}

/** Recovery scan and read-back against a bare read and checksum of the same file. */
export async function scans(place: BenchPlace): Promise<Row[]> {
  const log = await writeLarge(place, (place.quick ? 64 : 256) * MIB);
  const rows: Row[] = [];
  const show = perSecond(log.bytes / MIB, "MiB");
  const goal = { atLeast: 0.5 };
  for (const kind of ["sync", "async"] as const) {
    const floor = `floor: 256 KiB ${kind} read + crc32`;
    const opening = await inTurns(
      place.rounds,
      () => openLarge(log),
      () => readAndSum(log.path, kind),
    );
    rows.push(
      speedRow(
        `opening that scans ${Math.round(log.bytes / MIB)} MiB; ${floor}`,
        opening,
        show,
        goal,
      ),
    );
    const reading = await inTurns(
      place.rounds,
      () => readAll(log),
      () => readAndSum(log.path, kind),
    );
    rows.push(speedRow(`read-back of all records; ${floor}`, reading, show, goal));
  }
  return rows;
}

async function writeMany(place: BenchPlace, segments: number, bytes: number): Promise<string> {
  const folder = place.fresh("many");
  const store = fileStore(folder);
  // So long that no two join in a frame, and that a segment is filled with a few.
  const line = lineOf(Math.min(60_000, bytes - 1024));
  const each = Math.max(1, Math.floor((bytes - 512) / (line.length + 256)));
  const wal = await openWal(store, { segmentBytes: bytes });
  for (let i = 0; i < segments * each; i++) {
    // Each line has a frame of its own, so that a segment ends where it is meant to.
    wal.stage(line);
    if (!wal.flushSync()) throw new Error(`Cannot write to the log in "${folder}"`);
    if (i % 64 === 63) await wal.sync();
  }
  await wal.close();
  const count = segments * each;
  await proveThatItHolds(store, { count, sum: sumOf(Array.from({ length: count }, () => line)) });
  return folder;
}

/** What an opening takes however short the log is: a lock, and a segment of its own, made durable. */
async function oneSegment(place: BenchPlace): Promise<Row> {
  const store = fileStore(await writeMany(place, 1, 4096));
  const took: number[] = [];
  for (let round = 0; round < place.rounds; round++) took.push(await openOnce(store));
  const spread = [Math.min(...took), Math.max(...took)].map(milliseconds).join("-");
  const ours = `${milliseconds(median(took))} [${spread}]`;
  return { what: "opening 1 segment", ours, floor: "", ratios: [] };
}

/** Opening a log of many sealed segments against opening, reading and closing as many files. */
export async function manySegments(place: BenchPlace): Promise<Row[]> {
  const count = 1000;
  const rows = [await oneSegment(place)];
  for (const bytes of place.quick ? [4096] : [4096, MIB]) {
    const folder = await writeMany(place, count, bytes);
    const store = fileStore(folder);
    const names = (await store.list()).map(({ name }) => name).filter((name) =>
      name.startsWith("wal-") && statSync(join(folder, name)).size > 512
    );
    for (const kind of ["sync", "async"] as const) {
      const took = await inTurns(
        place.rounds,
        () => openOnce(store),
        () => readHeads(folder, names, kind),
      );
      const what = `opening ${names.length} segments of ${bytes / 1024} KiB; ` +
        `floor: their ${kind} open + read 4 KiB + close`;
      rows.push(timeRow(what, took, milliseconds, kind === "sync" ? { atMost: 3 } : undefined));
    }
  }
  return rows;
}
