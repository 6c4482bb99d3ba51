import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { createTail, type TailCursor, type TailRead } from "../src/tail/hub.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

const RECORDS = 1_000_000;
const CHUNK = 1000;
const CURSORS = 100;
/** All records are 200 MB: whoever held them, or the places of a hundred readers, would show. */
const MAX_GROWTH = 96 * 1024 * 1024;

interface Reader {
  readonly cursor: TailCursor;
  /** One in so many chunks it reads; 0 never. */
  readonly every: number;
  next: number;
  received: number;
  missed: number;
}

/** What the runtime holds now; the least of some answers counts, for buffers wait for their collector. */
function heldBytes(): number {
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

test("a million records through a hundred cursors: all accounted for, memory O(1)", () => {
  const tail = createTail({ maxBytes: 512 * 1024, clock: fakeClock() });
  const readers = Array.from({ length: CURSORS }, (_, i): Reader => {
    // Some keep up, some fall behind more and more, one in ten is stuck.
    const every = i % 10 === 0 ? 0 : i % 10 === 1 ? 1 : i;
    return { cursor: tail.cursor("live"), every, next: 1, received: 0, missed: 0 };
  });
  const line = "x".repeat(199) + "\n";
  const bytes = new TextEncoder().encode(line.repeat(CHUNK));
  let least = Infinity;
  let start = Infinity;
  for (let chunk = 1; chunk <= RECORDS / CHUNK; chunk++) {
    tail.push({ firstSeq: (chunk - 1) * CHUNK + 1, count: CHUNK, bytes });
    for (const reader of readers) if (chunk % reader.every === 0) readAll(reader);
    if (chunk % 10 !== 0) continue;
    if (chunk < 200) start = Math.min(start, heldBytes());
    if (chunk > 600) least = Math.min(least, heldBytes());
  }
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
  assert.ok(least - start < MAX_GROWTH, `grew by ${(least - start) / 2 ** 20} MiB`);
});
