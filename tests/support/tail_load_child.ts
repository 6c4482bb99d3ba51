/**
 * A million records through a hundred cursors. Prints the bytes that are held more with all of them written
 * than with a tenth; needs a collector of garbage that can be called.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { createTail, type TailCursor, type TailRead } from "../../src/tail/hub.ts";
import { fakeClock } from "../../src/testing/fake_clock.ts";

const RECORDS = 1_000_000;
const CHUNK = 1000;
const CURSORS = 100;
interface Reader {
  readonly cursor: TailCursor;
  /** One in so many chunks it reads; 0 never. */
  readonly every: number;
  next: number;
  received: number;
  missed: number;
}

interface Collectors {
  readonly gc?: () => void;
  readonly Bun?: { gc(isSync: boolean): void };
}

/** What the runtime holds when all garbage is gone. */
function heldBytes(): number {
  const { gc, Bun } = globalThis as unknown as Collectors;
  for (let i = 0; i < 3; i++) {
    if (Bun === undefined) gc!();
    else Bun.gc(true);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function take(reader: Reader, read: Exclude<TailRead, { kind: "end" }>): void {
  assert.equal(read.from, reader.next);
  reader.next = read.to + 1;
  const count = read.to - read.from + 1;
  if (read.kind === "gap") {
    assert.equal(read.count, count);
    reader.missed += count;
  } else {
    assert.equal(read.chunk.count, count);
    reader.received += count;
  }
}

function readAll(reader: Reader): void {
  for (;;) {
    const read = reader.cursor.next();
    assert.ok(!(read instanceof Promise));
    if (read.kind === "end") return;
    take(reader, read);
  }
}

const tail = createTail({ maxBytes: 512 * 1024, clock: fakeClock() });
const readers = Array.from({ length: CURSORS }, (_, i): Reader => {
  // Some keep up, some fall behind more and more, one in ten is stuck.
  const every = i % 10 === 0 ? 0 : i % 10 === 1 ? 1 : i;
  return { cursor: tail.cursor("live"), every, next: 1, received: 0, missed: 0 };
});
const line = "x".repeat(199) + "\n";
const bytes = new TextEncoder().encode(line.repeat(CHUNK));
let early = 0;
for (let chunk = 1; chunk <= RECORDS / CHUNK; chunk++) {
  tail.push({ firstSeq: (chunk - 1) * CHUNK + 1, count: CHUNK, bytes: bytes.slice() });
  for (const reader of readers) if (chunk % reader.every === 0) readAll(reader);
  if (chunk === RECORDS / CHUNK / 10) early = heldBytes();
}
const growth = heldBytes() - early;
assert.ok(tail.stats().bytes <= 512 * 1024);
assert.equal(tail.stats().maxLag, RECORDS);
for (const reader of readers) {
  readAll(reader);
  assert.equal(reader.received + reader.missed, RECORDS);
  if (reader.every === 1) assert.equal(reader.missed, 0);
  reader.cursor.close();
}
const missed = readers.reduce((sum, reader) => sum + reader.missed, 0);
assert.deepEqual([tail.stats().missed, tail.stats().clients], [missed, 0]);
console.log(growth);
