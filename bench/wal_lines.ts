/** What the benches of the log write, and the proof that it holds just that. */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type { FileStore } from "../src/storage/store.ts";
import { openWal } from "../src/wal/wal.ts";

/** `count` ready-made lines of about 110 bytes. */
export function linesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    flat(
      `{"time":"2026-01-01T00:00:00.${String(i % 1000).padStart(3, "0")}Z","level":"info",` +
        `"msg":"order placed","fields":{"order":${i},"total":99.5}}\n`,
    ));
}

/** One line of so many bytes. */
export function lineOf(bytes: number): string {
  const head = '{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"';
  return flat(`${head}${"x".repeat(bytes - head.length - 3)}"}\n`);
}

/** A string in one piece: joining the pieces is the work of whoever made the line. */
function flat(line: string): string {
  return Buffer.from(line, "latin1").toString("latin1");
}

/** Bytes in lines of ASCII. */
export function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}

/** The checksum of all lines, one after another. */
export function sumOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => crc32(line, sum), 0);
}

/**
 * Reads a log from the disk and compares.
 *
 * @throws {Error} If the log holds anything but these lines in this order
 */
export async function proveThatItHolds(
  store: FileStore,
  { count, sum }: { readonly count: number; readonly sum: number },
): Promise<void> {
  await using wal = await openWal(store);
  const reader = wal.reader(wal.firstSeq);
  let found = 0;
  let foundSum = 0;
  for (;;) {
    const read = await reader.next();
    if (read.kind !== "lines") break;
    found += read.chunk.count;
    foundSum = crc32(read.chunk.bytes, foundSum);
  }
  reader.close();
  if (found !== count || foundSum !== sum) {
    throw new Error(
      `The log in "${store.label}" holds ${found} lines with checksum ${foundSum}: ` +
        `written were ${count} with checksum ${sum}`,
    );
  }
}
