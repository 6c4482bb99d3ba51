/** A client of the tail that believes nothing: it checks every message against what was written. */
import assert from "node:assert/strict";
import type { TailLimits } from "../../src/tail/limits.ts";
import type { OnSlow } from "../../src/tail/protocol.ts";
import type { Tail } from "../../src/tail/tail.ts";
import type { FakeClock } from "../../src/testing/fake_clock.ts";
import { connect, type FakeClient, type Told } from "./tail_client.ts";

/** What all clients of a trial share. */
export interface Trial {
  readonly tail: Tail;
  readonly clock: FakeClock;
  readonly limits: TailLimits;
  readonly random: () => number;
  /** The level of each record; the first one is at 1. */
  readonly levels: string[];
}

/** One client over all of its connections. */
export class SceptClient {
  readonly #trial: Trial;
  readonly #onSlow: OnSlow;
  #client: FakeClient;
  #isErrorsOnly = false;
  #read = 0;
  /** The next record expected; undefined until a place was told. */
  #next: number | undefined;
  /** Records that passed the filter and did not come: a sample owes word of them. */
  #owed = 0;
  #unsettled: { from: number; to: number } | undefined;
  #received = 0;
  #gapped = 0;
  #isPaused = false;

  constructor(trial: Trial, onSlow: OnSlow) {
    this.#trial = trial;
    this.#onSlow = onSlow;
    this.#client = this.#connect({ from: "kept" });
  }

  /** Records seen, and records told to be missing. */
  get figures(): { received: number; gapped: number } {
    return { received: this.#received, gapped: this.#gapped };
  }

  /** Takes every message that has come. */
  take(): void {
    const { told } = this.#client.socket;
    while (this.#read < told.length) this.#check(told[this.#read++]!);
  }

  /** Says that all taken is shown. */
  acknowledge(): void {
    this.take();
    if (this.#next !== undefined) this.#client.say({ t: "ack", seq: Math.max(0, this.#next - 1) });
  }

  /** Lets bytes leave, or none any more. */
  drain(bytes: number): void {
    const { socket } = this.#client;
    socket.read(bytes);
    assert.ok(socket.bufferedAmount <= 3 * this.#trial.limits.highMarkBytes);
  }

  /** Whether bytes leave at once. */
  set reads(value: boolean) {
    this.#client.socket.reads = value;
    if (value) this.#client.socket.bufferedAmount = 0;
  }

  /** Takes what has come, and wants nothing more. */
  pause(): void {
    this.take();
    this.#isPaused = true;
    this.#client.say({ t: "pause" });
  }

  /** Wants to go on. */
  resume(): void {
    this.#isPaused = false;
    this.#client.say({ t: "resume" });
  }

  /** Another filter, at the same place. */
  filter(isErrorsOnly: boolean): void {
    this.#sub({}, isErrorsOnly);
  }

  /** Another place. */
  jump(from: "kept" | "live" | { last: number }): void {
    this.#sub({ from }, this.#isErrorsOnly);
    this.#next = undefined;
  }

  /** The link is cut: what was under way is lost from some message on; then the client comes back. */
  cut(lost: number): void {
    const { told } = this.#client.socket;
    const kept = Math.max(this.#read, told.length - lost);
    while (this.#read < kept) this.#check(told[this.#read++]!);
    // A batch and the gap of its sample are sent together.
    if (this.#owed > 0 && this.#read < told.length) this.#check(told[this.#read++]!);
    this.#client.session.gone();
    this.comeBack();
  }

  /** Connects again, behind what it has seen, if the server has closed it. */
  comeBack(): void {
    const seq = (this.#next ?? 1) - 1;
    this.#client = this.#connect({ from: { run: this.#trial.tail.run, seq } });
  }

  /** Whether the server has ended the connection. */
  get isClosed(): boolean {
    return this.#client.socket.ended !== undefined;
  }

  /** All is taken: the client must know of every record. */
  assertComplete(): void {
    assert.equal(this.#owed, 0);
    assert.equal(this.#next, this.#trial.levels.length + 1);
  }

  #connect(from: object): FakeClient {
    this.#read = 0;
    this.#isPaused = false;
    const { tail, clock, limits, random } = this.#trial;
    const client = connect({ tail, clock, limits, random });
    client.say({ t: "sub", v: 1, ...from, ...this.#wish(this.#isErrorsOnly) });
    return client;
  }

  #sub(from: object, isErrorsOnly: boolean): void {
    const { socket } = this.#client;
    this.#isPaused = false;
    this.#client.say({ t: "sub", v: 1, ...from, ...this.#wish(isErrorsOnly) });
    if (socket.ended !== undefined) return;
    // What came before the answer is of the old filter.
    this.take();
    this.#isErrorsOnly = isErrorsOnly;
  }

  #wish(isErrorsOnly: boolean): object {
    return { onSlow: this.#onSlow, ...isErrorsOnly ? { filter: "level>=error" } : {} };
  }

  #passes(seq: number): boolean {
    return !this.#isErrorsOnly || this.#trial.levels[seq - 1] === "error";
  }

  #check(message: Told): void {
    if (message.t === "err") assert.fail(`err ${message.code} ${message.msg}`);
    if (message.t === "b") this.#checkBatch(message);
    if (message.t === "gap") this.#checkGap(message);
    if (message.t === "live") {
      assert.equal(this.#owed, 0);
      assert.equal(message.seq, this.#next ?? message.seq);
      this.#next = message.seq;
    }
  }

  #checkBatch({ from, to, r }: Told): void {
    assert.equal(this.#owed, 0, "a sample told what it left out");
    assert.equal(from, this.#next ?? from);
    assert.ok(to >= from && to <= this.#trial.levels.length);
    const seqs = r.map(([seq]) => seq);
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
    for (const [seq, record] of r) {
      assert.ok(seq >= from && seq <= to && this.#passes(seq));
      assert.deepEqual(record, { level: this.#trial.levels[seq - 1], msg: `n${seq}` });
    }
    let passing = 0;
    for (let seq = from; seq <= to; seq++) if (this.#passes(seq)) passing++;
    this.#owed = passing - r.length;
    if (this.#owed > 0) assert.equal(this.#onSlow, "sample");
    this.#unsettled = { from, to };
    this.#received += r.length;
    this.#next = to + 1;
  }

  #checkGap({ from, to, n, why }: Told): void {
    this.#gapped += n;
    if (why === "sampled") {
      assert.deepEqual({ from, to }, this.#unsettled);
      assert.equal(n, this.#owed);
      this.#owed = 0;
      return;
    }
    assert.equal(this.#owed, 0);
    assert.equal(from, this.#next ?? from);
    assert.equal(n, to - from + 1);
    if (why === "slow") assert.ok(this.#onSlow === "skip" && !this.#isPaused);
    this.#next = to + 1;
  }
}
