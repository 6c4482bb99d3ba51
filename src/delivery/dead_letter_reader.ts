import type { LogChunk, LogReader, LogStore } from "../storage/store.ts";

const decoder = new TextDecoder();

/** Reads single lines of a log by their numbers; neighbours come out of one read. */
export class LineReader {
  readonly #reader: LogReader;
  #firstSeq = 0;
  #lines: readonly string[] = [];

  constructor(log: LogStore) {
    this.#reader = log.reader(log.firstSeq);
  }

  /** A line, without the LF; undefined if the log does not hold it, or cannot read it. */
  async line(seq: number): Promise<string | undefined> {
    const held = this.#lines[seq - this.#firstSeq];
    if (held !== undefined) return held;
    if (this.#reader.nextSeq !== seq) this.#reader.seek(seq);
    const read = await this.#reader.next();
    if (read.kind !== "lines") return undefined;
    this.#firstSeq = read.chunk.firstSeq;
    this.#lines = linesOf(read.chunk);
    return this.#lines[seq - this.#firstSeq];
  }

  /** Gives descriptors back. */
  close(): void {
    this.#reader.close();
  }
}

/** All lines that a log holds, each with its number. Those that cannot be read are left out. */
export async function* everyLine(log: LogStore): AsyncIterable<{ seq: number; line: string }> {
  const reader = log.reader(log.firstSeq);
  try {
    for (let read = await reader.next(); read.kind !== "end"; read = await reader.next()) {
      if (read.kind === "gap") continue;
      let { firstSeq: seq } = read.chunk;
      for (const line of linesOf(read.chunk)) yield { seq: seq++, line };
    }
  } finally {
    reader.close();
  }
}

function linesOf({ bytes }: LogChunk): string[] {
  return decoder.decode(bytes).split("\n").slice(0, -1);
}
