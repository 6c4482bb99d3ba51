/**
 * What the live tail costs a writer: nanoseconds a `push`, with nobody and with a hundred readers, beside
 * a bare copy of the same bytes. Rounds of all cases take turns in one run; the medians of their times and
 * the quarters around them are printed.
 *
 *     deno run -A bench/tail_push.ts [rounds]
 */
import process from "node:process";
import { createTail, type Tail } from "../mod.ts";

const ROUNDS = Number(process.argv[2] ?? 40);
const READERS = 100;
const LINE = `{"time":"2026-11-21T10:00:00.000Z","level":"info","msg":"${"x".repeat(60)}"}\n`;

/** Pushes in one call after another, before the readers have their turn. */
const PUSHES = 200;
const TURNS = 10;

interface Case {
  readonly name: string;
  readonly lines: number;
  readonly push: (bytes: Uint8Array, count: number) => void;
  readonly times: number[];
}

function pushInto(tail: Tail): Case["push"] {
  let firstSeq = 1;
  return (bytes, count) => {
    tail.push({ firstSeq, count, bytes });
    firstSeq += count;
  };
}

/** Readers that keep up: they wait, are woken together, and read to the end. */
function withReaders(tail: Tail): Tail {
  for (let i = 0; i < READERS; i++) void follow(tail);
  return tail;
}

async function follow(tail: Tail): Promise<void> {
  const cursor = tail.cursor("live");
  while (!tail.closed) {
    while ((await cursor.next()).kind !== "end");
    await cursor.wait();
  }
  cursor.close();
}

function bareCopy(maxBytes: number): Case["push"] {
  const buffer = new Uint8Array(maxBytes);
  let at = 0;
  return (bytes) => {
    if (at + bytes.length > maxBytes) at = 0;
    buffer.set(bytes, at);
    at += bytes.length;
  };
}

function casesOf(lines: number, maxBytes: number, tails: Tail[]): Case[] {
  const size = `${lines} ${lines === 1 ? "line" : "lines"} into ${maxBytes / 1024} KiB`;
  const alone = createTail({ maxBytes });
  const watched = withReaders(createTail({ maxBytes }));
  tails.push(alone, watched);
  return [
    { name: `${size}: bare copy`, lines, push: bareCopy(maxBytes), times: [] },
    { name: `${size}: nobody`, lines, push: pushInto(alone), times: [] },
    { name: `${size}: ${READERS} readers`, lines, push: pushInto(watched), times: [] },
  ];
}

/** Only the writer's calls are timed: readers have their turns between them. */
async function round({ lines, push, times }: Case): Promise<void> {
  const bytes = new TextEncoder().encode(LINE.repeat(lines));
  let elapsedMs = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const start = performance.now();
    for (let i = 0; i < PUSHES; i++) push(bytes, lines);
    elapsedMs += performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 6));
  }
  times.push(elapsedMs * 1e6 / (TURNS * PUSHES));
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(0).padStart(6);
}

const tails: Tail[] = [];
const cases = [[1, 16], [64, 16], [1, 4096], [64, 4096]].flatMap(([lines = 1, kib = 16]) =>
  casesOf(lines, kib * 1024, tails)
);
// The first round of each warms it up and is not counted.
for (let i = 0; i <= ROUNDS; i++) {
  for (const one of cases) await round(one);
  if (i === 0) { for (const one of cases) one.times.length = 0; }
}
for (const { name, times } of cases) {
  const sorted = times.toSorted((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  console.log(`${name.padEnd(40)} ${median} ns a push  [${low?.trim()}-${high?.trim()}]`);
}
for (const tail of tails) tail.close();
