/** Writing: many lines, one waiter, many waiters, and what zeros ahead and horizon frames are worth. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileStore } from "../src/storage/file.ts";
import type { FileStore, StoreFile } from "../src/storage/store.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { openWal, type Wal } from "../src/wal/wal.ts";
import { openFrames, type SyncKind, writeBlocks } from "./floors.ts";
import { lineOf, linesOf, proveThatItHolds, sumOf } from "./wal_lines.ts";
import type { BenchPlace } from "./wal_place.ts";
import {
  inTurns,
  median,
  microsecondsEach,
  perSecond,
  type Row,
  speedRow,
  timeRow,
} from "./wal_table.ts";

/** A producer hands over as much as one write takes before it lets others run. */
const TURN_BYTES = 256 * 1024;
/** Records that may wait for their acknowledgement: what a pipeline's buffer holds. */
const MAX_UNACKNOWLEDGED = 10_000;
/** A line that makes a frame of 400 bytes, its header included. */
const SMALL_LINE_BYTES = 144;
const FRAME_BYTES = 256 + SMALL_LINE_BYTES;

/**
 * Hands all lines to the log as a pipeline does: writes as much as one write takes, lets others run, and
 * waits when too much is not durable yet. Ends when all is.
 */
export async function produce(wal: Wal, lines: readonly string[]): Promise<void> {
  let earlier: Promise<void> | undefined;
  for (const line of lines) {
    wal.stage(line);
    if (wal.stagedBytes < TURN_BYTES) continue;
    wal.flushSync();
    const durable = wal.sync();
    if (wal.nextSeq - wal.durableSeq >= MAX_UNACKNOWLEDGED) await earlier;
    else await nextTurn();
    earlier = durable;
  }
  await wal.sync();
}

/** Many lines, each durable at the end, against the same bytes in bare writes. */
export async function manyLines(place: BenchPlace): Promise<Row[]> {
  const lines = linesOf(50_000);
  const proof = { count: lines.length, sum: sumOf(lines) };
  let framedBytes = 0;
  const ours = async (): Promise<number> => {
    const store = fileStore(place.fresh("lines"));
    const wal = await openWal(store);
    const before = wal.stats().bytes;
    const begin = performance.now();
    await produce(wal, lines);
    const took = (performance.now() - begin) / 1000;
    framedBytes = wal.stats().bytes - before;
    await wal.close();
    await proveThatItHolds(store, proof);
    return took;
  };
  const rows: Row[] = [];
  for (const kind of ["async", "sync"] as const) {
    const took = await inTurns(place.rounds, ours, () => floorOf(place, framedBytes, kind));
    const what = `lines of 110 bytes, all durable; floor: 256 KiB write + ${kind} fdatasync`;
    const goal = kind === "async" ? { atLeast: 0.6 } : undefined;
    rows.push(speedRow(what, took, perSecond(lines.length, "lines"), goal));
  }
  return rows;
}

function floorOf(place: BenchPlace, bytes: number, kind: SyncKind): Promise<number> {
  return writeBlocks(place.fresh("blocks"), bytes, kind);
}

/** So many waiters, each of which writes one record and waits until it is durable, again and again. */
async function wait(
  store: FileStore,
  waiters: number,
  countEach: number,
): Promise<number> {
  const line = lineOf(SMALL_LINE_BYTES);
  const wal = await openWal(store);
  const one = async (): Promise<void> => {
    for (let i = 0; i < countEach; i++) {
      wal.stage(line);
      await wal.sync();
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: waiters }, one));
  const took = (performance.now() - begin) / 1000;
  await wal.close();
  const count = waiters * countEach;
  await proveThatItHolds(store, { count, sum: sumOf(Array.from({ length: count }, () => line)) });
  return took;
}

/** One record at a time, and 64 waiters together. */
export async function waiters(place: BenchPlace): Promise<Row[]> {
  const countEach = place.quick ? 50 : 200;
  const together = await inTurns(
    place.rounds,
    () => wait(fileStore(place.fresh("many")), 64, countEach),
    () => wait(fileStore(place.fresh("one")), 1, countEach),
  );
  const rates = {
    ours: together.ours.map((seconds) => seconds / (64 * countEach)),
    floor: together.floor.map((seconds) => seconds / countEach),
  };
  const show = perSecond(1, "records");
  return [
    await oneWaiter(place),
    speedRow("64 waiters; floor: our one waiter", rates, show, { atLeast: 20 }),
  ];
}

/** Every record of ours has one of the floor beside it: a disk that others use changes within a round. */
async function oneWaiter(place: BenchPlace): Promise<Row> {
  const pairs = place.quick ? 50 : 200;
  const store = fileStore(place.fresh("one"));
  const wal = await openWal(store);
  const line = lineOf(SMALL_LINE_BYTES);
  const frame = new Uint8Array(FRAME_BYTES).fill(120);
  const floor = await openFrames(place.fresh("frames"), frame);
  const medians: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  for (let round = 0; round <= place.rounds; round++) {
    const took = await inTurns(
      pairs,
      () => secondsOf(() => (wal.stage(line), wal.sync())),
      () => secondsOf(() => floor.write()),
    );
    if (round === 0) continue;
    medians.ours.push(median(took.ours));
    medians.floor.push(median(took.floor));
  }
  await wal.close();
  floor.close();
  const count = (place.rounds + 1) * (pairs + 1);
  await proveThatItHolds(store, { count, sum: sumOf(Array.from({ length: count }, () => line)) });
  const what = "one record, one waiter; floor: 400-byte write + async fdatasync";
  return speedRow(what, medians, perSecond(1, "records"), { atLeast: 0.8 });
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

/** The same store without zeros ahead of small writes. */
function withoutRoom(store: FileStore): FileStore {
  const bare = (file: StoreFile): StoreFile =>
    new Proxy(file, {
      get: (target, key) => key === "reserveSync" ? undefined : Reflect.get(target, key),
    });
  return {
    ...store,
    createSync: (name) => bare(store.createSync(name)),
    openFile: async (name, access) => bare(await store.openFile(name, access)),
  };
}

/** What zeros ahead of small writes bring, and what a frame that only tells the horizon costs. */
export async function extras(place: BenchPlace): Promise<Row[]> {
  const count = place.quick ? 50 : 100;
  // Not in turns record by record: a change of size of the one is made durable by the sync of the other.
  const room = await inTurns(
    place.rounds,
    () => wait(fileStore(place.fresh("room")), 1, count),
    () => wait(withoutRoom(fileStore(place.fresh("bare"))), 1, count),
  );
  return [
    speedRow("zeros ahead; floor: our one waiter without", room, perSecond(count, "records")),
    await horizonRow(place),
  ];
}

async function horizonRow(place: BenchPlace): Promise<Row> {
  const times = place.quick ? 20 : 100;
  const took: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  const clock = fakeClock();
  const wal = await openWal(fileStore(place.fresh("horizon")), { clock });
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    wal.stage(lineOf(SMALL_LINE_BYTES));
    await wal.sync();
    const synced = performance.now();
    const { bytes } = wal.stats();
    await clock.advance(49);
    const before = performance.now();
    // The timer of the first commit finds later ones, so that it takes two of them to be idle.
    await clock.advance(51);
    const after = performance.now();
    if (wal.stats().bytes - bytes !== 256) continue;
    took.ours.push((after - before) / 1000);
    took.floor.push((synced - begin) / 1000);
  }
  await wal.close();
  const what = `horizon frame after ${took.ours.length} idle times of 50 ms, 256 bytes`;
  return timeRow(`${what}; floor: our durable record`, took, microsecondsEach(1));
}

/** Seconds that a record takes from our hands to the disk and, from there, to a reader. */
export async function oneByOne(place: BenchPlace): Promise<{ write: number; read: number }> {
  const count = place.quick ? 100 : 300;
  const write: number[] = [];
  const read: number[] = [];
  for (let round = 0; round < place.rounds; round++) {
    const store = fileStore(place.fresh("one-by-one"));
    write.push(await wait(store, 1, count) / count);
    read.push(await readOneByOne(store, count));
  }
  return { write: median(write), read: median(read) };
}

async function readOneByOne(store: FileStore, count: number): Promise<number> {
  await using wal = await openWal(store);
  const reader = wal.reader(1);
  const begin = performance.now();
  for (let i = 0; i < count; i++) await reader.next();
  const took = (performance.now() - begin) / 1000;
  reader.close();
  return took / count;
}
