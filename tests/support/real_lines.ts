import assert from "node:assert/strict";
import type { LogStore } from "../../src/storage/store.ts";
import { lineOf, readLog } from "./read_log.ts";

/**
 * The line that stands at a sequence number, the same for the same writer: most are short, some fill a
 * quarter of a frame, few are longer than a frame.
 */
export function mixedLine(seq: number, writer: string): string {
  const mixed = Math.imul(seq + writer.length, 0x9e3779b1) >>> 8;
  const width = mixed % 499 === 0
    ? 70_000 + mixed % 30_000
    : mixed % 61 === 0
    ? 3000 + mixed % 17_000
    : mixed % 300;
  const text = `${writer}.${seq}.${mixed % 7 === 0 ? "é" : "e"}`;
  return lineOf(text.repeat(1 + Math.floor(width / text.length)));
}

/** Checks that a log holds exactly these lines from number 1 on, whole, in order, without a gap. */
export async function assertHolds(log: LogStore, expected: readonly string[]): Promise<void> {
  const found = await heldLines(log);
  const wrong = expected.findIndex((line, i) => found[i] !== line);
  assert.equal(wrong, -1, `record ${wrong + 1} of ${expected.length} is not what was staged`);
  assert.equal(found.length, expected.length, "records that nobody staged");
}

/** All lines of a log from number 1 on, each with its LF. */
export async function heldLines(log: LogStore): Promise<string[]> {
  const { lines, gaps } = await readLog(log, 1);
  assert.deepEqual(gaps, []);
  return [...lines.values()].map((line) => line + "\n");
}
