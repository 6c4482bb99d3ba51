import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { TailCursor, TailRead } from "./cursor.ts";
import type { TailFace } from "./face.ts";
import type { TailLimits } from "./limits.ts";
import { CLOSE_CODES, type ToldGap } from "./protocol.ts";
import type { Beating } from "./pump_beat.ts";
import { SocketBrake } from "./pump_brake.ts";
import { type Parcel, type PlaceOptions, PumpPlace } from "./pump_place.ts";
import { AckWindow } from "./pump_window.ts";
import type { TailShared } from "./session_shared.ts";
import type { TailSocket } from "./socket.ts";
import type { Tail } from "./tail.ts";
import type { TailFrame } from "./views.ts";

/** What one client's pump works with. */
export interface PumpOptions {
  readonly tail: Tail;
  readonly shared: TailShared;
  readonly socket: TailSocket;
  readonly face: TailFace;
  readonly limits: TailLimits;
  readonly clock: Clock;
  /** Numbers from 0 to below 1, for samples. */
  readonly random: () => number;
  /** Whether the client acknowledges; otherwise only what waits in the socket holds it back. */
  readonly acknowledges: boolean;
  /** Closes the client's socket: `drop` when it does not read. Called once. */
  readonly end: (code: number, reason: string, how: "close" | "drop") => void;
}

/** Batches without records are told together, and at least so often: they show how far it is. */
const EMPTY_MS = 250;
/** Readers of a tail are woken no more often than this, whoever asks for more. */
const TAIL_WINDOW_MS = 50;

/**
 * Sends one client everything from its place on. It reads only when the client has room, so a slow client
 * costs its lag and no memory, and it takes short steps, so that nobody waits for anybody.
 */
export class ClientPump implements Beating {
  /** Records sent. */
  sent = 0;
  /** Records that a skip or a sample left out. */
  skipped = 0;
  readonly #options: PumpOptions;
  readonly #brake: SocketBrake;
  readonly #window: AckWindow;
  #place: PumpPlace | undefined;
  /** The place that waits for history. */
  #reading: PumpPlace | undefined;
  #pending: Parcel[] = [];
  #empty: { from: number; to: number; since: number } | undefined;
  #isPaused = false;
  #isEnded = false;
  #waitsForTime = false;
  #flushSlot = -1;
  #beatAt: number;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#brake = new SocketBrake(options.socket, options.limits);
    this.#window = new AckWindow(options.limits);
    this.#beatAt = options.clock.monotonic();
  }

  get waits(): "tail" | "poll" | "other" {
    if (this.#brake.blocked || this.#waitsForTime) return "poll";
    const isHeld = this.#isPaused || this.#place === undefined || this.#reading === this.#place;
    return isHeld ? "other" : "tail";
  }

  /** Records that were not sent yet. */
  get lag(): number {
    if (this.#place === undefined) return 0;
    const { cursor, seq } = this.#place;
    return cursor.lag + cursor.seq - Math.min(seq, this.#pending[0]?.from ?? seq);
  }

  /** Reads at another place from now on. What was not sent of the last one is forgotten. */
  subscribe(given: PlaceOptions): void {
    if (this.#isEnded) return given.cursor.close();
    this.detach();
    const { shared: { views }, clock } = this.#options;
    this.#place = new PumpPlace(given, { ...this.#options, views }, clock.monotonic());
    this.#isPaused = false;
    this.wake();
  }

  /** Reads nowhere until it is given a place. */
  detach(): void {
    this.#leave(false);
  }

  /**
   * Gives its place up, and a cursor at it: behind all that was told, before all that was not. Undefined
   * if it has none.
   */
  handOver(): TailCursor | undefined {
    const place = this.#place;
    if (place === undefined) return undefined;
    this.#tellEmpty();
    while (this.#pending[0] !== undefined && !("texts" in this.#pending[0])) {
      this.#sendGap(this.#pending.shift() as ToldGap);
    }
    const seq = this.#pending[0]?.from ?? place.seq;
    const keep = seq === place.cursor.seq && this.#reading !== place;
    this.#leave(keep);
    return keep ? place.cursor : this.#options.tail.cursor({ seq });
  }

  /** The client has shown all up to `seq`. Whether that was news. */
  acknowledge(seq: number): boolean {
    if (!this.#window.acknowledge(seq)) return false;
    this.#brake.moved(this.#options.clock.monotonic());
    this.hasRoom();
    return true;
  }

  /** Sends nothing more until `resume`; the place stays. */
  pause(): void {
    this.#isPaused = true;
    this.#brake.release();
  }

  /** Goes on where it stopped. What came meanwhile is replay: none of it is skipped. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#place?.rewind();
    this.wake();
  }

  /**
   * The client may have room again. One that had room all the time is not woken: it would get the few
   * lines of this moment alone, and fall out of step with the others.
   */
  hasRoom(): void {
    if (this.#brake.blocked) this.wake();
  }

  /** The client has its turn soon. */
  wake(): void {
    this.#options.shared.beat.go(this);
  }

  /** Sends nothing any more. A second call does nothing. */
  stop(): void {
    this.#isEnded = true;
    this.detach();
  }

  news(signal: AbortSignal): Promise<void> {
    return this.#place?.cursor.wait(signal) ?? Promise.resolve();
  }

  step(now: number): boolean {
    this.#waitsForTime = false;
    const place = this.#place;
    if (place === undefined || this.#isEnded || this.#isPaused) return false;
    place.look(now);
    if (this.#reading === place || !this.#hasRoom(now)) return false;
    if (this.#pending.length > 0) return this.#sendPending(place, now);
    if (place.isLive && !this.#mayReadLive(place, now)) return false;
    const read = place.cursor.next(this.#options.limits.flushBytes);
    if (read instanceof Promise) return this.#awaitRead(place, read);
    return this.#take(place, read, now);
  }

  beat(now: number): void {
    const { face, limits, socket } = this.#options;
    if (this.#isPaused || this.#place === undefined) this.#endWithTail();
    const everyMs = this.#isBehind ? limits.lagHeartbeatMs : limits.heartbeatMs;
    if (this.#isEnded || now - this.#beatAt < everyMs) return;
    this.#beatAt = now;
    // To a socket over its mark this would be one more thing that waits.
    if (socket.buffered() > limits.highMarkBytes) return;
    socket.ping();
    if (this.#place === undefined) return;
    const { cursor } = this.#place;
    const last = cursor.seq + cursor.lag - 1;
    this.#send(face.heartbeat({ last, lag: this.lag, sent: this.sent, skipped: this.skipped }));
  }

  /** Lines that gather for the next wake are not owed yet: to a live client they come in time. */
  get #isBehind(): boolean {
    const isInTime = this.#place?.isLive === true && this.waits === "tail";
    return !isInTime && this.lag > 0;
  }

  #leave(keepCursor: boolean): void {
    this.#place?.close(keepCursor);
    this.#place = undefined;
    this.#pending = [];
    this.#empty = undefined;
    this.#window.clear();
    this.#brake.release();
  }

  #hasRoom(now: number): boolean {
    const hasCredit = !this.#options.acknowledges || !this.#window.full;
    if (this.#brake.hasRoom(now, hasCredit)) return true;
    if (this.#brake.isStalled(now)) this.#giveUp();
    return false;
  }

  #giveUp(): void {
    if (!this.#isEnded) this.#options.shared.traffic.stalled++;
    this.#end(CLOSE_CODES.stalled, "The client does not read", "drop");
  }

  #end(code: number, reason: string, how: "close" | "drop" = "close"): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.end(code, reason, how);
  }

  #endWithTail(): void {
    if (this.#options.tail.closed) this.#end(CLOSE_CODES.shutdown, "The server is closing");
  }

  /** A live client that is slow is moved on or closed; then whether it may read now. */
  #mayReadLive(place: PumpPlace, now: number): boolean {
    const { flushMs } = this.#options.limits;
    const isFlushed = flushMs > TAIL_WINDOW_MS && Math.floor(now / flushMs) === this.#flushSlot;
    this.#waitsForTime = isFlushed || place.mustWait(now);
    if (this.#waitsForTime) return false;
    if (place.isSlow(now)) this.#moveOn(place, now);
    return !this.#isEnded;
  }

  #moveOn(place: PumpPlace, now: number): void {
    const { keepRecords } = this.#options.limits;
    const { cursor } = place;
    if (place.onSlow === "close") {
      return this.#end(CLOSE_CODES.stalled, "The client fell too far behind");
    }
    if (cursor.lag > keepRecords) {
      this.#sendGap(cursor.skipTo(cursor.seq + cursor.lag - keepRecords));
    }
    place.mark(now);
  }

  #awaitRead(place: PumpPlace, read: Promise<TailRead>): false {
    this.#reading = place;
    const settle = (use: () => void) => {
      if (this.#reading === place) this.#reading = undefined;
      if (this.#place === place && !this.#isEnded) use();
    };
    const take = (value: TailRead) => {
      this.#pending.push(...place.take(value));
      // Its end is found again by the next step, which knows whether the client is still there.
      this.wake();
    };
    read.then(
      (value) => settle(() => take(value)),
      (error) => settle(() => this.#end(CLOSE_CODES.failed, messageOf(error))),
    );
    return false;
  }

  /** Takes what was read; whether there is more to do at once. */
  #take(place: PumpPlace, read: TailRead, now: number): boolean {
    this.#pending.push(...place.take(read));
    return this.#sendPending(place, now);
  }

  /** Sends as much as there is room for; whether there is more to do at once. */
  #sendPending(place: PumpPlace, now: number): boolean {
    for (const parcel of this.#pending.splice(0)) {
      // What there is no room for waits; but a sample and word of what it left out go together.
      const mustWait = "texts" in parcel && !this.#hasRoom(now);
      if (this.#isEnded || this.#pending.length > 0 || mustWait) this.#pending.push(parcel);
      else if ("texts" in parcel) this.#sendFrame(place, parcel, now);
      else this.#sendGap(parcel);
    }
    if (this.#isEnded || this.#pending.length > 0) return false;
    if (place.cursor.lag > 0 || place.seq < place.cursor.seq) return true;
    return this.#atEnd(place, now);
  }

  #atEnd(place: PumpPlace, now: number): false {
    this.#tellEmpty();
    if (!place.isLive) {
      place.begin(now);
      this.#send(this.#options.face.live(place.cursor.seq));
    }
    this.#flushSlot = Math.floor(now / this.#options.limits.flushMs);
    this.#endWithTail();
    return false;
  }

  #sendFrame(place: PumpPlace, frame: TailFrame, now: number): void {
    if (frame.count === 0) return this.#holdEmpty(frame, now);
    this.#tellEmpty();
    if (!this.#send(frame.texts)) return;
    place.sent(frame.count);
    this.#window.sent(frame);
    this.sent += frame.count;
    this.#options.shared.traffic.sent += frame.count;
  }

  #holdEmpty({ from, to }: TailFrame, now: number): void {
    this.#empty = { from: this.#empty?.from ?? from, to, since: this.#empty?.since ?? now };
    if (now - this.#empty.since >= EMPTY_MS) this.#tellEmpty();
  }

  /** Records that do not pass the filter move the client's place all the same. */
  #tellEmpty(): void {
    if (this.#empty === undefined) return;
    const { from, to } = this.#empty;
    this.#empty = undefined;
    this.#send(this.#options.face.batch([], from, to, !this.#place?.isLive));
  }

  #sendGap(gap: ToldGap): void {
    this.#tellEmpty();
    const { face, tail, shared: { traffic } } = this.#options;
    const { reason, count, to } = gap;
    const isOurs = reason === "slow" || reason === "sampled";
    const back = isOurs && (tail.hasHistory || to >= tail.stats().firstSeq);
    if (isOurs) this.skipped += count;
    if (reason === "slow") traffic.skipped += count;
    if (reason === "sampled") traffic.sampled += count;
    this.#send(face.gap(gap, back));
  }

  #send(texts: readonly string[]): boolean {
    const { socket } = this.#options;
    for (const text of texts) {
      if (socket.send(text)) continue;
      // A socket that is closing already is not to blame.
      if (socket.isOpen) this.#giveUp();
      else this.#end(CLOSE_CODES.done, "The client has gone", "drop");
      return false;
    }
    return true;
  }
}
