import assert from "node:assert/strict";
import {
  type CursorRow,
  type FileStore,
  type LogGap,
  type LogNotice,
  openWal,
  type StoreFile,
  type Wal,
  type WalOptions,
} from "../../mod.ts";
import {
  type FakeClock,
  fakeClock,
  type SimulatedDisk,
  simulatedDisk,
} from "../../src/testing/mod.ts";
import type { CrashKind, PowerCutManner, SimulatedDiskOptions } from "../../src/testing/mod.ts";
import { type SeededRandom, seededRandom } from "../../src/testing/random.ts";
import { seedSalts } from "./faults_salts.ts";
import { type Contents, readLog } from "./read_log.ts";
import { type Outcome, outcomeOf, valueOf } from "./wal_model_outcome.ts";
import { anyText } from "./wal_model_text.ts";

/** How every line begins. */
const TIME = '{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"';

/** What may be missing when a log is checked. */
export interface Allowance {
  /** The gaps that there must be, and no others. @default {none} */
  readonly gaps?: readonly (Pick<LogGap, "firstSeq" | "count">)[];
  /** Gaps may be anywhere within these records instead. @default {none} */
  readonly within?: Pick<LogGap, "firstSeq" | "count">;
  /** Acknowledged records from this one on may be gone, at the end of the log. @default {none} */
  readonly mayEndAt?: number;
  /** The disk takes nothing: what is found need not be durable yet. @default {false} */
  readonly isFull?: boolean;
}

/**
 * A log on a simulated disk beside what it must hold: a plain array of lines, and how many of them were
 * acknowledged. It stands outside the log and believes it nothing but acknowledgements.
 */
export class ModelledLog {
  readonly disk: SimulatedDisk;
  readonly clock: FakeClock = fakeClock();
  readonly random: SeededRandom;
  readonly notices: LogNotice[] = [];
  readonly options: WalOptions;
  /** The line of record `i + 1`, as staged last or as found at the last opening. */
  readonly lines: string[] = [];
  /** Every record below this one was acknowledged. */
  acked = 1;
  /** What a power cut leaves of the acknowledged ones, where that is less than all. */
  #settled = 1;
  /** Crashes that were taken note of. */
  #crashes = 0;
  /** Records below this one may have been given up. */
  givenUpTo = 1;
  /** Records below this one were given up for good. */
  goneTo = 1;
  /** Whether the disk is in trouble, so that things need not end well. */
  isTroubled = false;
  /** Whether a process has the log open. */
  isOpen = false;
  /** The rows of each save since the last one that was surely durable, that one first. */
  saves: (readonly CursorRow[])[] = [[]];
  /** The most bytes that were asked for in one read. */
  largestRead = 0;
  /** Counts openings and crashes: an acknowledgement of an earlier life is none. */
  life = 0;
  wal!: Wal;
  /** Lines that were refused, and the numbers that they would have had. */
  readonly #refused = new Map<string, number>();
  #staged = 0;
  #saved = 0;
  /** Notices of earlier openings. */
  #told = 0;

  constructor(seed: number, options: WalOptions = {}, disk: Partial<SimulatedDiskOptions> = {}) {
    seedSalts(seed);
    this.disk = simulatedDisk({ ...disk, seed });
    this.random = seededRandom(seed ^ 0x5eed);
    this.options = {
      segmentBytes: this.random.pick([4096, 8192, 20_000]),
      windowBytes: this.random.pick([0, 0, 1_000_000]),
      retain: "all",
      ...options,
    };
  }

  /** Opens the log and checks it. */
  async open(allowance: Allowance = {}, options: WalOptions = {}): Promise<void> {
    await valueOf(this.start(options), "opening");
    await this.check(allowance);
  }

  /** Opens the log. */
  async start(options: WalOptions = {}): Promise<void> {
    const life = ++this.life;
    this.#told = this.notices.length;
    const wal = await openWal(this.#watched(this.disk.store()), {
      clock: this.clock,
      onNotice: (notice) => this.notices.push(notice),
      ...this.options,
      ...options,
    });
    if (life !== this.life) return;
    this.wal = wal;
    this.isOpen = true;
  }

  /** The store, with an eye on how much is read at once. */
  #watched(store: FileStore): FileStore {
    return {
      ...store,
      openFile: async (name, access) => {
        const file = await store.openFile(name, access);
        const read: StoreFile["read"] = (into, offset) => {
          this.largestRead = Math.max(this.largestRead, into.length);
          return file.read(into, offset);
        };
        return Object.create(file, { read: { value: read } }) as StoreFile;
      },
    };
  }

  /** A new line that was never staged before. */
  line(maxBytes = 400): string {
    const text = anyText(this.random, this.random.below(maxBytes));
    return `${TIME}${++this.#staged} ${text}"}\n`;
  }

  /** Stages lines. */
  stage(count: number, maxBytes?: number): void {
    for (let i = 0; i < count; i++) {
      const line = this.line(maxBytes);
      const seq = this.wal.stage(line);
      assert.equal(seq, this.lines.length + 1, "sequence numbers have no holes");
      this.lines.push(line.slice(0, -1));
    }
  }

  /** Gives a line at once: the log has it, acknowledged, or has nothing of it. */
  append(maxBytes?: number): boolean {
    const line = this.line(maxBytes);
    const { wal, lines } = this;
    const taken = wal.appendSync!(line);
    if (this.disk.crashes > this.#crashes) {
      assert.ok(!taken, "a dead process acknowledges nothing");
      this.#refused.set(line.slice(0, -1), lines.length + 1);
      return false;
    }
    if (taken) {
      lines.push(line.slice(0, -1));
      this.acked = lines.length + 1;
      assert.deepEqual([wal.writtenSeq, wal.durableSeq, wal.stagedBytes], [
        this.acked,
        this.acked,
        0,
      ]);
    } else this.#refused.set(line.slice(0, -1), lines.length + 1);
    assert.equal(wal.nextSeq, lines.length + 1, "what was refused has no number");
    return taken;
  }

  /** Asks for what is staged to be acknowledged, and notes it when it is. */
  sync(): Promise<void> {
    const upTo = this.lines.length + 1;
    const { life, wal } = this;
    const acknowledged = wal.sync().then(() => {
      if (life !== this.life) return;
      assert.ok(wal.durableSeq >= upTo, `durable up to ${wal.durableSeq}, acknowledged ${upTo}`);
      this.acked = Math.max(this.acked, upTo);
    });
    acknowledged.catch(() => {});
    return acknowledged;
  }

  /** Stages lines and has them acknowledged. */
  commit(count: number, maxBytes?: number): Promise<void> {
    this.stage(count, maxBytes);
    return this.sync();
  }

  /** Saves a cursor. */
  saveCursors(nextSeq: number): void {
    const row: CursorRow = {
      lane: "sink",
      since: 1,
      nextSeq,
      delivered: nextSeq - 1,
      deadLettered: 0,
      dropped: {},
      filtered: 0,
      // Tells one save from the next.
      redelivered: ++this.#saved,
    };
    this.saves.push([row]);
    this.wal.saveCursorsSync([row]);
  }

  /** Makes the saves so far durable. */
  async syncCursors(): Promise<void> {
    const { life } = this;
    const saved = this.saves.length;
    await this.wal.syncCursors();
    if (life === this.life) this.saves.splice(0, saved - 1);
  }

  /** Gives up what may go of the records below `seq`. */
  async trim(seq: number): Promise<void> {
    this.givenUpTo = Math.max(this.givenUpTo, seq);
    await this.wal.trim(seq);
  }

  /** How a promise stands after rest, and after the time in which a log asks its disk again. */
  async eventually<T>(promise: Promise<T>): Promise<Outcome<T>> {
    let outcome = await outcomeOf(promise);
    for (let tries = 0; tries < 3 && outcome.state === "pending"; tries++) {
      await this.clock.advance(1000);
      outcome = await outcomeOf(promise);
    }
    return outcome;
  }

  /** Ends the process. */
  crash(kind: CrashKind, manner?: PowerCutManner): void {
    this.disk.crash(kind, manner);
    this.#ended();
  }

  /** Records above `seq` are given up by their owner. */
  forgetAfter(seq: number): void {
    this.acked = Math.min(this.acked, seq + 1);
    this.#settled = Math.min(this.#settled, seq + 1);
  }

  #ended(): void {
    this.life++;
    this.isOpen = false;
    this.#crashes = this.disk.crashes;
    const kind =
      this.disk.history().findLast((event) => event.startsWith("crash: "))!.split(" ")[1];
    const { sync = "always" } = this.options;
    if (kind === "power" && sync !== "always") this.acked = Math.min(this.acked, this.#settled);
  }

  /** Ends the disk's trouble. */
  heal(): void {
    this.disk.heal();
    this.isTroubled = false;
  }

  /**
   * Runs `work` until it ends or the disk crashes as planned.
   *
   * @returns Whether it came to its end
   */
  async untilCrash(work: () => Promise<void>): Promise<boolean> {
    // It may have crashed meanwhile, in something that was not waited for.
    const ended = this.disk.crashes > this.#crashes ? undefined : await this.disk.untilCrash(
      async () => {
        await work();
        return true;
      },
    );
    if (ended !== true) this.#ended();
    return ended === true;
  }

  /** Reads the whole log and compares it with what it must hold. */
  async check(allowance: Allowance = {}): Promise<void> {
    const { gaps = [], within, mayEndAt = Infinity, isFull = false } = allowance;
    const { wal, lines } = this;
    const next = wal.nextSeq;
    const least = Math.min(this.acked, mayEndAt);
    const found = await valueOf(readLog(wal), "reading");
    // A process that ended right after it refused a line may have left it behind, at the end.
    const last = found.lines.get(next - 1);
    if (next > this.acked && last !== undefined && this.#refused.get(last) === next - 1) {
      lines[next - 2] = last;
    }
    assert.ok(next >= least, `records ${next} to ${this.acked - 1} were acknowledged and are gone`);
    assert.ok(next <= lines.length + 1, `the log goes to ${next}, staged was to ${lines.length}`);
    assert.ok(
      wal.firstSeq <= this.givenUpTo,
      `begins at ${wal.firstSeq}, given up to ${this.givenUpTo}`,
    );
    assert.ok(wal.firstSeq >= this.goneTo, `begins at ${wal.firstSeq}, gone is to ${this.goneTo}`);
    this.#compare(found, within === undefined ? gaps : gapsWithin(found, within));
    lines.length = next - 1;
    if (wal.durableSeq < next && isFull) return;
    // What an opening shows counts as acknowledged: a reader may have handed it on.
    assert.equal(wal.durableSeq, next, "what an opening shows is durable");
    this.acked = next;
    // A disk that had no room for a new segment made nothing durable.
    const hadRoom = !this.notices.slice(this.#told).some(({ kind }) => kind === "write-failed");
    if (hadRoom) this.#settled = next;
  }

  /** Reads the acknowledged records, and nothing else. */
  async checkAcknowledged(): Promise<void> {
    const reader = this.wal.reader(this.wal.firstSeq);
    for (let seq = reader.nextSeq; seq < this.acked; seq = reader.nextSeq) {
      const read = await valueOf(Promise.resolve(reader.next()), "reading");
      assert.equal(read.kind, "lines", `record ${seq} can be read`);
      if (read.kind !== "lines") continue;
      const lines = new TextDecoder().decode(read.chunk.bytes).split("\n").slice(0, -1);
      lines.forEach((line, i) => assert.equal(line, this.lines[seq - 1 + i]));
    }
    reader.close();
  }

  #compare({ lines, gaps }: Contents, expected: Allowance["gaps"] & object): void {
    const { wal } = this;
    const missing = new Set<number>();
    for (const { firstSeq, count } of expected) {
      for (let seq = firstSeq; seq < firstSeq + count; seq++) missing.add(seq);
    }
    const found = gaps.map(({ firstSeq, count }) => ({ firstSeq, count }));
    assert.deepEqual(joined(found), joined(expected), "gaps");
    for (let seq = wal.firstSeq; seq < wal.writtenSeq; seq++) {
      if (missing.has(seq)) continue;
      if (lines.get(seq) === this.lines[seq - 1]) continue;
      assert.equal(
        lines.get(seq)?.slice(0, 120),
        this.lines[seq - 1]?.slice(0, 120),
        `record ${seq}`,
      );
      assert.fail(`record ${seq} differs`);
    }
  }

  /** The segments, as files, in order of name. */
  get segments(): string[] {
    return this.disk.names().filter((name) => /^wal-.*\.ndjson$/.test(name));
  }

  /** Ends the process, opens, checks, goes on writing, and does it all again at once. */
  async crashTwice(kind: CrashKind, manner?: PowerCutManner): Promise<void> {
    this.crash(kind, manner);
    await this.surviveTwice(kind, manner);
  }

  /** After a crash: opens, checks, goes on writing, crashes in the middle of it, and opens again. */
  async surviveTwice(
    kind: CrashKind,
    manner?: PowerCutManner,
    allowance: Allowance = {},
    options: WalOptions = {},
  ): Promise<void> {
    await this.open(allowance, options);
    await valueOf(this.commit(1 + this.random.below(3)), "the commit after a crash");
    this.stage(this.random.below(3));
    this.wal.flushSync();
    this.crash(kind, manner);
    await this.open(allowance, options);
    await valueOf(this.wal.close(), "closing");
  }
}

/** The gaps found, which must lie within these records. */
function gapsWithin(
  { gaps }: Contents,
  { firstSeq, count }: Pick<LogGap, "firstSeq" | "count">,
): readonly LogGap[] {
  for (const gap of gaps) {
    const inside = gap.firstSeq >= firstSeq && gap.firstSeq + gap.count <= firstSeq + count;
    assert.ok(inside, `a gap of ${gap.count} from ${gap.firstSeq}`);
  }
  return gaps;
}

/** Gaps that touch, as one. */
function joined(
  gaps: readonly Pick<LogGap, "firstSeq" | "count">[],
): Pick<LogGap, "firstSeq" | "count">[] {
  const all: { firstSeq: number; count: number }[] = [];
  for (const { firstSeq, count } of [...gaps].sort((a, b) => a.firstSeq - b.firstSeq)) {
    const last = all.at(-1);
    if (last !== undefined && last.firstSeq + last.count === firstSeq) last.count += count;
    else all.push({ firstSeq, count });
  }
  return all;
}
