import type { LogGap, LogStore } from "../../src/storage/store.ts";

/** All that a log holds from a place on: lines by sequence number, and the gaps between them. */
export interface Contents {
  /** The lines, without LF. */
  readonly lines: ReadonlyMap<number, string>;
  /** What the log says it lost. */
  readonly gaps: readonly LogGap[];
}

/** Reads a log to its end, checking on the way that sequence numbers follow each other. */
export async function readLog(log: LogStore, fromSeq: number = log.firstSeq): Promise<Contents> {
  const lines = new Map<number, string>();
  const gaps: LogGap[] = [];
  const reader = log.reader(fromSeq);
  let expected = fromSeq;
  try {
    for (;;) {
      const read = await reader.next();
      if (read.kind === "end") break;
      const { firstSeq, count } = read.kind === "gap" ? read.gap : read.chunk;
      if (firstSeq !== expected || count < 1) {
        throw new Error(`${count} records from ${firstSeq} where ${expected} comes next`);
      }
      expected += count;
      if (read.kind === "gap") {
        gaps.push(read.gap);
        continue;
      }
      const text = new TextDecoder("utf-8", { fatal: true }).decode(read.chunk.bytes);
      const found = text.split("\n");
      if (found.pop() !== "" || found.length !== count) {
        throw new Error(`${found.length} lines in a chunk of ${count}`);
      }
      found.forEach((line, i) => lines.set(firstSeq + i, line));
    }
  } finally {
    reader.close();
  }
  if (expected !== Math.max(log.writtenSeq, fromSeq)) {
    throw new Error(`Read up to ${expected}, written up to ${log.writtenSeq}`);
  }
  return { lines, gaps };
}

/** A record's line, as the log takes it. */
export function lineOf(msg: string): string {
  const time = "2026-01-01T00:00:00.000Z";
  return `{"time":"${time}","level":"info","msg":${JSON.stringify(msg)}}\n`;
}

/** What lies at an exact place of a chunk of lines. */
export function msgOf(line: string | undefined): string | undefined {
  return line === undefined ? undefined : (JSON.parse(line) as { msg: string }).msg;
}
