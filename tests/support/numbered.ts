/** Numbered lines, and the check that a file holds all of them, whole and in order. */
import assert from "node:assert/strict";
import { readLog } from "./log_files.ts";

/** Line `n`: of many lengths, and every tenth of more than one byte a character. */
export function numbered(n: number): string {
  return `${n} ${n % 10 === 0 ? "é…😀" : "x"}${"-".repeat(n % 60)}`;
}

/** Files that follow one another hold the lines `from` to `to - 1`. */
export function assertNumbered(paths: readonly string[], from: number, to: number): void {
  const text = paths.map(readLog).join("");
  const lines = text.split("\n");
  assert.ok(lines.pop() === "", "the last line is not ended");
  for (const [at, line] of lines.entries()) {
    if (line !== numbered(from + at)) assert.equal(line, numbered(from + at), `line ${at}`);
  }
  assert.equal(lines.length, to - from, "the number of lines");
}
