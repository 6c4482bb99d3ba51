/** The same work with nothing of ours in it: what no logger of the runtime can beat. */
import { Buffer } from "node:buffer";
import { closeSync, fdatasync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { costOf, type Program, rates } from "../measure.ts";

/** A block of the file writers. */
const BLOCK_BYTES = 64 * 1024;
/** Text that is encoded in one call. */
const TEXT_CHARS = 16 * 1024;
/** Records that are made durable together: with those of the sync before, 10,000 wait at most. */
const FRAME_RECORDS = 5000;
/** The log's own header line. */
const HEADER_BYTES = 256;

const encoder = new TextEncoder();
const ESCAPES = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** Builds the line that we write, with a head that is made once a millisecond. */
function lineMaker(): (order: number) => string {
  let lastMs = 0;
  let head = "";
  return (order) => {
    const now = Date.now();
    if (now !== lastMs) {
      lastMs = now;
      head = '{"time":"' + new Date(now).toISOString() + '","level":"info","msg":';
    }
    const msg = "order placed";
    const text = ESCAPES.test(msg) ? JSON.stringify(msg) : '"' + msg + '"';
    return head + text + ',"fields":' + JSON.stringify({ order, total: 99.5 }) + "}\n";
  };
}

/** Lines made, encoded, and written 64 KiB at a time. */
export const bareFile: Program = async (folder, count) => {
  const path = join(folder, "out");
  const line = lineMaker();
  let order = 0;
  const cost = await costOf(() => writeLines(path, count, () => line(order++)));
  return { figures: rates(count, cost), holds: [{ path, lines: count }] };
};

/** A thousand lines of 100 bytes, each text in one piece as a program that reads them has it. */
export function readyLines(): string[] {
  return Array.from({ length: 1000 }, (_, i) => {
    const line = `${i} GET /orders/${i} 200 12 ms `.padEnd(99, "x") + "\n";
    return Buffer.from(line, "latin1").toString("latin1");
  });
}

/** Ready-made lines, encoded and written 64 KiB at a time. */
export const bareLines: Program = async (folder, count) => {
  const path = join(folder, "out");
  const lines = readyLines();
  const cost = await costOf(() => writeLines(path, count, (i) => lines[i % lines.length]!));
  return { figures: rates(count, cost), holds: [{ path, lines: count }] };
};

/** Encodes lines and writes them 64 KiB at a time. */
function writeLines(path: string, count: number, next: (i: number) => string): void {
  const fd = openSync(path, "a");
  const block = new Uint8Array(BLOCK_BYTES);
  let used = 0;
  let text = "";
  const encode = (): void => {
    for (let rest = text; rest !== "";) {
      const { read, written } = encoder.encodeInto(rest, block.subarray(used));
      used += written;
      rest = rest.slice(read);
      if (rest === "" && used < BLOCK_BYTES) break;
      writeSync(fd, block, 0, used);
      used = 0;
    }
    text = "";
  };
  for (let i = 0; i < count; i++) {
    text += next(i);
    if (text.length >= TEXT_CHARS) encode();
  }
  encode();
  writeSync(fd, block, 0, used);
  closeSync(fd);
}

/** Frames with a header and a checksum, synced one behind the other, and a second file as the sink. */
export const barePipeline: Program = async (folder, count) => {
  const path = join(folder, "out");
  const wal = openSync(join(folder, "wal"), "a");
  const sink = openSync(path, "a");
  const slabs = [0, 1].map(() => new Uint8Array(HEADER_BYTES + FRAME_RECORDS * 256));
  const line = lineMaker();
  const fill = (slab: Uint8Array, from: number): number => {
    let at = HEADER_BYTES;
    let text = "";
    const end = Math.min(count, from + FRAME_RECORDS);
    for (let i = from; i < end; i++) {
      text += line(i);
      if (text.length < TEXT_CHARS) continue;
      at += encoder.encodeInto(text, slab.subarray(at)).written;
      text = "";
    }
    at += encoder.encodeInto(text, slab.subarray(at)).written;
    const sum = crc32(slab.subarray(HEADER_BYTES, at)).toString(16);
    const header = `{"$":"frame","seq":${from},"n":${end - from},"body":"${sum}"`;
    encoder.encodeInto(header.padEnd(HEADER_BYTES - 2) + "}\n", slab);
    return at;
  };
  const cost = await costOf(async () => {
    let slab = slabs[0]!;
    let end = fill(slab, 0);
    for (let from = 0; from < count; from += FRAME_RECORDS) {
      writeSync(wal, slab, 0, end);
      const synced = datasync(wal);
      const other = slabs[(from / FRAME_RECORDS + 1) % 2]!;
      // The next frame is made, and the sink written, while the disk works.
      const nextEnd = from + FRAME_RECORDS < count ? fill(other, from + FRAME_RECORDS) : 0;
      writeSync(sink, slab, HEADER_BYTES, end - HEADER_BYTES);
      await synced;
      slab = other;
      end = nextEnd;
    }
  });
  closeSync(wal);
  closeSync(sink);
  const holds = [{ path, lines: count }, { path: join(folder, "wal"), lines: count }];
  return { figures: rates(count, cost), holds };
};

function datasync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => error ? reject(error) : resolve());
  });
}
