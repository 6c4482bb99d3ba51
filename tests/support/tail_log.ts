import type { LogChunk, LogRead, LogReader } from "../../src/storage/store.ts";
import type { TailCursor, TailRead } from "../../src/tail/hub.ts";

const encoder = new TextEncoder();

/** Lines as a chunk of a log. */
export function chunkOf(firstSeq: number, lines: readonly string[]): LogChunk {
  const bytes = encoder.encode(lines.map((line) => line + "\n").join(""));
  return { firstSeq, count: lines.length, bytes };
}

/** The lines `n<from>` to `n<to>`, filled up to a width. */
export function numbered(from: number, to: number, width = 0): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `n${from + i}`.padEnd(width, "."));
}

/** The line of a record written `at` ms after the start of 2026. */
export function recordAt(at: number, msg: string): string {
  const time = new Date(Date.UTC(2026, 0) + at).toISOString();
  return JSON.stringify({ time, level: "info", msg });
}

/** A log in memory whose readers can be counted and can fail. */
export class TestLog {
  /** The lines from `firstSeq` on. */
  readonly lines: string[] = [];
  /** The number of `lines[0]`. */
  firstSeq: number;
  /** Records below this one were trimmed. */
  trimmedSeq: number;
  /** Reads that reject from now on. */
  failures = 0;
  opened = 0;
  closed = 0;
  reads = 0;
  readonly #isAsync: boolean;
  readonly #frame: number;

  constructor(isAsync: boolean, firstSeq = 1, frame = 3) {
    this.#isAsync = isAsync;
    this.firstSeq = this.trimmedSeq = firstSeq;
    this.#frame = frame;
  }

  /** Readers that are open. */
  get readers(): number {
    return this.opened - this.closed;
  }

  get nextSeq(): number {
    return this.firstSeq + this.lines.length;
  }

  /** Adds lines, and gives them as a tail takes them. */
  append(lines: readonly string[]): LogChunk {
    const chunk = chunkOf(this.nextSeq, lines);
    this.lines.push(...lines);
    return chunk;
  }

  /** What a tail takes as its history. */
  readonly reader = (fromSeq: number): LogReader => {
    this.opened++;
    let next = fromSeq;
    let isOpen = true;
    const read = (): LogRead => {
      this.reads++;
      if (this.failures > 0) {
        this.failures--;
        throw new Error("the disk fails");
      }
      if (!isOpen || next >= this.nextSeq) return { kind: "end" };
      if (next < this.trimmedSeq) {
        const gap = { firstSeq: next, count: this.trimmedSeq - next, reason: "trimmed" } as const;
        next = this.trimmedSeq;
        return { kind: "gap", gap };
      }
      const from = next - this.firstSeq;
      const chunk = chunkOf(next, this.lines.slice(from, from + this.#frame));
      next += chunk.count;
      return { kind: "lines", chunk };
    };
    return {
      get nextSeq() {
        return next;
      },
      next: () => this.#isAsync ? Promise.resolve().then(read) : read(),
      seek: (seq) => void (next = seq),
      close: () => {
        if (isOpen) this.closed++;
        isOpen = false;
      },
    };
  };
}

/** What a read says, as one text a line or a gap. */
export function describe(read: Exclude<TailRead, { kind: "end" }>): string[] {
  if (read.kind === "lines") return [...read.lines()];
  return [`gap ${read.from}-${read.to} (${read.count}) ${read.reason}`];
}

/** Everything up to the end. */
export async function readAll(cursor: TailCursor, maxBytes?: number): Promise<string[]> {
  const out: string[] = [];
  for (;;) {
    const read = await cursor.next(maxBytes);
    if (read.kind === "end") return out;
    out.push(...describe(read));
  }
}
