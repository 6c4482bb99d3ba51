import assert from "node:assert/strict";
import fc from "fast-check";
import { fakeClock } from "../../src/testing/fake_clock.ts";
import {
  createTail,
  type Tail,
  type TailBatch,
  type TailCursor,
  type TailFrom,
  type TailGap,
  type TailRead,
} from "../../src/tail/hub.ts";
import { chunkOf, TestLog } from "./tail_log.ts";

/** What may happen to a tail and to its readers. `who` and `at` are taken modulo what there is. */
export type TailStep =
  | { readonly do: "push" | "write"; readonly sizes: readonly number[] }
  | { readonly do: "open"; readonly at: number; readonly from: "seq" | "last" | "kept" | "live" }
  | { readonly do: "read"; readonly who: number; readonly maxBytes: number }
  | { readonly do: "skip"; readonly who: number; readonly by: number }
  | { readonly do: "leave"; readonly who: number }
  | { readonly do: "stream"; readonly at: number; readonly digit: number }
  | { readonly do: "pull"; readonly who: number }
  | { readonly do: "resize"; readonly maxBytes: number }
  | { readonly do: "trim"; readonly at: number }
  | { readonly do: "restart"; readonly lost: number; readonly sameLog: boolean };

const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 12 });
const who = fc.nat(9);
const at = fc.nat(500);

/** Any step. */
export const tailStep: fc.Arbitrary<TailStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("push", "write"), sizes }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("open"),
      at,
      from: fc.constantFrom("seq", "last", "kept", "live"),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("read"),
      who,
      maxBytes: fc.integer({ min: 1, max: 700 }),
    }),
  },
  fc.record({ do: fc.constant("skip"), who, by: fc.integer({ min: -3, max: 60 }) }),
  fc.record({ do: fc.constant("leave"), who }),
  fc.record({ do: fc.constant("stream"), at, digit: fc.nat(9) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pull"), who }) },
  fc.record({ do: fc.constant("resize"), maxBytes: fc.integer({ min: 256, max: 2000 }) }),
  fc.record({ do: fc.constant("trim"), at }),
  fc.record({ do: fc.constant("restart"), lost: fc.nat(30), sameLog: fc.boolean() }),
) as fc.Arbitrary<TailStep>;

/** Where the records come from that the ring has left. */
export type TailHistory = "none" | "sync" | "async";

interface Client {
  cursor: TailCursor;
  /** The record that comes next. */
  next: number;
  /** Whether it did not ask for what was gone already, so that its first read may begin later. */
  lenient: boolean;
  /** A gap that it is owed since a restart. */
  owed: { readonly from: number; readonly count: number } | undefined;
}

interface Stream {
  readonly reader: ReadableStreamDefaultReader<TailBatch | TailGap>;
  readonly from: number;
  readonly matches: (line: string) => boolean;
  readonly reads: (TailBatch | TailGap)[];
  pending: Promise<void> | undefined;
}

/** A tail beside the list of all that was written, and readers that are checked against it. */
export class TailModel {
  readonly #kind: TailHistory;
  #log: TestLog;
  #tail: Tail;
  #logs = 1;
  #runs = 1;
  /** The records that are any text. */
  #raw = new Set<number>();
  #missed = 0;
  #clients: Client[] = [];
  #streams: Stream[] = [];

  constructor(kind: TailHistory) {
    this.#kind = kind;
    this.#log = new TestLog(kind === "async");
    this.#tail = this.#open();
  }

  async step(step: TailStep): Promise<void> {
    switch (step.do) {
      case "push":
      case "write":
        this.#write(step.sizes, step.do === "write" && this.#kind === "none");
        break;
      case "open":
        this.#join(step.from, 1 + step.at % this.#log.nextSeq);
        break;
      case "stream":
        this.#stream(1 + step.at % this.#log.nextSeq, step.digit);
        break;
      case "resize":
        this.#tail.resize(step.maxBytes);
        break;
      case "trim":
        this.#trim(step.at);
        break;
      case "restart":
        await this.#restart(step.lost, step.sameLog);
        break;
      default:
        await this.#ofReader(step);
    }
    this.#check();
  }

  /** Reads everything to the end, gives everything back, and looks for what is left. */
  async end(): Promise<void> {
    for (const client of this.#clients) {
      while (client.next < this.#log.nextSeq || client.owed !== undefined) {
        await this.#read(client, 500);
      }
      await this.#read(client, 500);
    }
    this.#check();
    await this.#endStreams();
    for (const { cursor } of this.#clients) cursor.close();
    const { clients } = this.#tail.stats();
    assert.deepEqual([clients, this.#log.readers], [0, 0]);
  }

  async #ofReader(step: Extract<TailStep, { who: number }>): Promise<void> {
    if (step.do === "pull") {
      const stream = this.#streams[step.who % this.#streams.length];
      if (stream !== undefined) await pull(stream);
      return;
    }
    const at = step.who % this.#clients.length;
    const client = this.#clients[at];
    if (client === undefined) return;
    if (step.do === "read") return await this.#read(client, step.maxBytes);
    if (step.do === "skip") return this.#skip(client, step.by);
    client.cursor.close();
    this.#clients.splice(at, 1);
  }

  #open(): Tail {
    const run = `${String(this.#logs).padStart(16, "0")}-${this.#runs}`;
    const history = this.#kind === "none" ? {} : { history: this.#log.reader };
    const { nextSeq } = this.#log;
    return createTail({ maxBytes: 600, run, nextSeq, clock: fakeClock(), ...history });
  }

  #write(lineSizes: readonly number[], raw: boolean): void {
    const { nextSeq } = this.#log;
    const lines = lineSizes.map((size, i) => `${nextSeq + i}:`.padEnd(size, "x"));
    const chunk = this.#log.append(lines);
    lines.forEach((_, i) => raw ? this.#raw.add(nextSeq + i) : this.#raw.delete(nextSeq + i));
    if (raw) this.#tail.write(chunk.bytes.subarray(0, -1));
    else this.#tail.push(chunk);
  }

  #join(kind: "seq" | "last" | "kept" | "live", at: number): void {
    const { nextSeq, trimmedSeq } = this.#log;
    const { firstSeq } = this.#tail.stats();
    const oldest = this.#kind === "none" ? firstSeq : trimmedSeq;
    const places: Record<typeof kind, [TailFrom, number]> = {
      seq: [{ seq: at }, at],
      last: [{ last: at }, Math.max(oldest, nextSeq - at)],
      kept: ["kept", firstSeq],
      live: ["live", nextSeq],
    };
    const [from, next] = places[kind];
    const lenient = kind === "last";
    this.#clients.push({ cursor: this.#tail.cursor(from), next, lenient, owed: undefined });
  }

  #stream(at: number, digit: number): void {
    const matches = (line: string): boolean => line.includes(`${digit}:`);
    const reader = this.#tail.readable({ from: { seq: at }, filter: matches }).getReader();
    this.#streams.push({ reader, from: at, matches, reads: [], pending: undefined });
  }

  #trim(at: number): void {
    if (this.#kind === "none") return;
    const { trimmedSeq } = this.#log;
    this.#log.trimmedSeq = Math.max(trimmedSeq, Math.min(at, this.#tail.stats().firstSeq));
  }

  #skip(client: Client, by: number): void {
    if (client.owed !== undefined) return;
    const to = Math.max(client.next, Math.min(client.cursor.seq + by, this.#log.nextSeq));
    const gap = client.cursor.skipTo(client.cursor.seq + by);
    this.#missed += gap.count;
    assert.equal(gap.reason, "slow");
    client.next = client.cursor.seq;
    assert.ok(client.next === to || client.lenient);
  }

  async #read(client: Client, maxBytes: number): Promise<void> {
    const read = await client.cursor.next(maxBytes);
    if (client.owed !== undefined) return this.#takeOwed(client, client.owed, read);
    const from = read.kind === "end" ? client.cursor.seq : read.from;
    if (client.lenient && from > client.next) {
      // What was trimmed since it joined was not there to be asked for.
      assert.ok(from <= this.#log.trimmedSeq);
      client.next = from;
    }
    if (read.kind === "end") return assert.equal(client.next, this.#log.nextSeq);
    client.lenient = false;
    assert.equal(read.from, client.next);
    client.next = read.to + 1;
    assert.equal(client.cursor.seq, client.next);
    if (read.kind === "gap") return this.#takeGap(read);
    assert.ok(read.bytes.length <= maxBytes || read.from === read.to);
    assert.equal(read.lines().length, read.to - read.from + 1);
    read.lines().forEach((line, i) => this.#assertLine(line, read.seqAt(i), read.raw));
  }

  #takeOwed(
    client: Client,
    { from, count }: { from: number; count: number },
    read: TailRead,
  ): void {
    const to = from + count - 1;
    assert.deepEqual(read, { kind: "gap", from, to, count, reason: "restart" });
    this.#missed += count;
    client.owed = undefined;
  }

  #takeGap({ from, to, count, reason }: TailGap): void {
    assert.equal(count, to - from + 1);
    assert.ok(count > 0);
    this.#missed += count;
    if (this.#kind === "none") assert.equal(reason, "evicted");
    else assert.ok(reason === "trimmed" && to < this.#log.trimmedSeq, `${reason} to ${to}`);
  }

  #assertLine(line: string, seq: number, raw: boolean): void {
    assert.equal(raw, this.#raw.has(seq));
    const original = this.#log.lines[seq - this.#log.firstSeq] ?? "never written";
    if (line === original) return;
    const [kept, note] = line.split("… cut, ");
    assert.equal(note, `${original.length} bytes`);
    assert.ok(original.startsWith(kept ?? "?"));
  }

  /** The log is cut by what was lost, or another one begins; whoever reads comes back with its place. */
  async #restart(lost: number, sameLog: boolean): Promise<void> {
    await this.#endStreams();
    const { run } = this.#tail;
    for (const { cursor } of this.#clients) cursor.close();
    if (sameLog) this.#loseLast(lost);
    else {
      this.#logs++;
      this.#log = new TestLog(this.#kind === "async");
    }
    this.#runs++;
    this.#missed = 0;
    this.#tail = this.#open();
    for (const client of this.#clients) this.#comeBack(client, run, sameLog);
  }

  #loseLast(count: number): void {
    const { lines, trimmedSeq, firstSeq } = this.#log;
    lines.length = Math.max(trimmedSeq - firstSeq, lines.length - count, 0);
  }

  #comeBack(client: Client, run: string, sameLog: boolean): void {
    const { startSeq } = this.#tail;
    // The place of a reader that is owed a gap is behind that gap: it is not told twice.
    client.cursor = this.#tail.cursor({ run, seq: client.next });
    client.lenient = false;
    client.owed = undefined;
    if (sameLog && client.next <= startSeq) return;
    client.owed = { from: startSeq, count: sameLog ? client.next - startSeq : 0 };
    client.next = startSeq;
  }

  async #endStreams(): Promise<void> {
    this.#tail.close();
    for (const stream of this.#streams) {
      await stream.pending;
      for (;;) {
        const { done, value } = await stream.reader.read();
        if (done) break;
        stream.reads.push(value);
      }
      this.#checkStream(stream);
    }
    this.#streams = [];
  }

  /** What came, what was told as missed and what does not match is all that there is, once. */
  #checkStream({ from, matches, reads }: Stream): void {
    let next = from;
    const pass = (to: number): void => {
      for (; next < to; next++) {
        const line = this.#log.lines[next - this.#log.firstSeq] ?? "";
        assert.ok(!matches(line), `${next} was left out`);
      }
    };
    for (const read of reads) {
      assert.ok(read.from >= next);
      if (read.kind === "lines") {
        read.lines().forEach((line, i) => {
          pass(read.seqAt(i));
          assert.ok(matches(line));
          this.#assertLine(line, next++, read.raw);
        });
        pass(read.to + 1);
      } else {
        pass(read.from);
        this.#missed += read.count;
        next = read.to + 1;
      }
    }
    pass(this.#log.nextSeq);
  }

  #check(): void {
    const { bytes, firstSeq, nextSeq, clients, missed } = this.#tail.stats();
    assert.ok(bytes <= 2000);
    assert.equal(nextSeq, this.#log.nextSeq);
    assert.ok(firstSeq <= nextSeq);
    assert.equal(clients, this.#clients.length + this.#streams.length);
    if (this.#streams.length === 0) assert.equal(missed, this.#missed);
    assert.ok(this.#log.readers <= clients);
    assert.deepEqual(chunkOf(1, this.#tail.recent(Infinity)).count, nextSeq - firstSeq);
  }
}

/** Asks for the next read unless one is under way, and lets it come if it is there. */
async function pull(stream: Stream): Promise<void> {
  stream.pending ??= stream.reader.read().then(({ done, value }) => {
    if (!done) stream.reads.push(value);
    stream.pending = undefined;
  });
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
