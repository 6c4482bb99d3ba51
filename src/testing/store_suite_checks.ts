import type { LogGap, LogProvider, LogStore } from "../storage/store.ts";

/** One thing that must hold, ready for any test runner: `for (const { name, run } of ...) test(name, run)`. */
export interface StoreCase {
  /** What must hold, in one sentence. */
  readonly name: string;
  /** Throws an error that says what did not. */
  run(): Promise<void>;
}

/** What a test may ask of the storage that is tested, beside opening logs. */
export interface StoreUnderTest extends LogProvider {
  /** Another opener of the same storage, as a second process has it; given if it must be refused. */
  rival?(): LogProvider;
  /** What a process finds that starts after a kill at this moment. */
  afterKill?(): LogProvider | Promise<LogProvider>;
  /** Called once at the end. */
  dispose?(): void | Promise<void>;
}

/** Throws unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless both are the same as JSON. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: ${short(found)} instead of ${short(wanted)}`);
}

function short(text: string | undefined): string {
  return text !== undefined && text.length > 300 ? `${text.slice(0, 300)}…` : `${text}`;
}

/** Throws unless `promise` rejects; gives what it rejects with. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: it resolved, and had to reject`);
}

/** A record's line, LF included. */
export function line(msg: string): string {
  const time = "2026-01-01T00:00:00.000Z";
  return `{"time":"${time}","level":"info","msg":${JSON.stringify(msg)}}\n`;
}

/** Stages `count` lines of at least `bytes` bytes and writes them; the lines. */
export function fill(log: LogStore, count: number, bytes = 100): string[] {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    lines.push(line(`n${log.nextSeq}`.padEnd(bytes, ".")));
    log.stage(lines[i]!);
    if (i % 50 === 49) check(log.flushSync(), "flushSync() returned false on a healthy store");
  }
  check(log.flushSync(), "flushSync() returned false on a healthy store");
  return lines;
}

/** What a log holds from a place on. */
export interface LogContents {
  /** The lines, LF included. */
  readonly lines: string[];
  /** What it says it lost. */
  readonly gaps: LogGap[];
}

/** Reads a log to its end and checks that every number is accounted for. */
export async function contents(
  log: LogStore,
  fromSeq: number = log.firstSeq,
): Promise<LogContents> {
  const found: LogContents = { lines: [], gaps: [] };
  const reader = log.reader(fromSeq);
  let expected = fromSeq;
  for (let read = await reader.next(); read.kind !== "end"; read = await reader.next()) {
    const { firstSeq, count } = read.kind === "gap" ? read.gap : read.chunk;
    same(firstSeq, expected, "A reader went on at record");
    check(count >= 1, `A reader gave ${count} records`);
    expected += count;
    same(reader.nextSeq, expected, "A reader's nextSeq");
    if (read.kind === "gap") found.gaps.push(read.gap);
    else found.lines.push(...linesOf(read.chunk.bytes, count));
  }
  reader.close();
  same(expected, Math.max(fromSeq, log.writtenSeq), "A reader ended at record");
  return found;
}

/** The lines of a chunk, LF included, as many as it says. */
export function linesOf(bytes: Uint8Array, count: number): string[] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  check(text.endsWith("\n"), "A chunk does not end with LF");
  const lines = text.slice(0, -1).split("\n").map((found) => found + "\n");
  same(lines.length, count, "Lines in a chunk");
  const most = 64 * 1024;
  check(count === 1 || bytes.length <= most, `A chunk of ${bytes.length} bytes: at most ${most}`);
  return lines;
}
