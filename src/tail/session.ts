import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { plainFace, protocolFace } from "./face.ts";
import type { TailFilter } from "./filter.ts";
import { type TailLimits, tailLimits } from "./limits.ts";
import {
  type ClientMessage,
  CLOSE_CODES,
  frame,
  type ServerMessage,
  type SubscribeMessage,
  tailFrom,
} from "./protocol.ts";
import { parseMessage } from "./protocol_parse.ts";
import { ClientPump } from "./pump.ts";
import { type ClientFilter, clientFilter } from "./session_filter.ts";
import { MessageRate } from "./session_rate.ts";
import { sharedOf, type TailShared } from "./session_shared.ts";
import { type TailSocket, tailSocket } from "./socket.ts";
import type { Tail, TailFrom } from "./tail.ts";

/** What a session is told about its client. */
export interface SessionOptions {
  readonly tail: Tail;
  readonly clock: Clock;
  /** Whether the client speaks the protocol; otherwise it gets plain lines from `from` on. */
  readonly protocol: boolean;
  readonly from: TailFrom;
  /** What a plain client wants, as a query line or a filter; all unless given. */
  readonly filter?: string | TailFilter | undefined;
  /** Takes a seat; undefined when all are taken. The answer gives it back, once. */
  readonly seat: () => (() => void) | undefined;
  /** As `tailLimits` gives them; the defaults unless given. */
  readonly limits?: TailLimits | undefined;
  /** Numbers from 0 to below 1, for samples; `Math.random` unless given. */
  readonly random?: (() => number) | undefined;
}

/** One WebSocket client, from its first event to its last. Its methods may come twice or not at all. */
export interface TailSession {
  /** The socket is open. */
  opened(raw: unknown): void;
  /** The client sent something. */
  received(raw: unknown, data: unknown): void;
  /** The socket has sent what waited. */
  drained(): void;
  /** The client is gone. */
  gone(): void;
}

/** Makes the session of a WebSocket client that is about to connect. */
export function tailSession(options: SessionOptions): TailSession {
  return new SocketSession(options);
}

class SocketSession implements TailSession {
  readonly #options: SessionOptions;
  readonly #limits: TailLimits;
  readonly #shared: TailShared;
  readonly #rate: MessageRate;
  #raw: unknown;
  #socket: TailSocket | undefined;
  #pump: ClientPump | undefined;
  #isSubscribed = false;
  #isOver = false;
  #search: AbortController | undefined;
  #freeSeat: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#limits = options.limits ?? tailLimits();
    this.#shared = sharedOf(options.tail, options.clock);
    this.#rate = new MessageRate(this.#limits.messagesPerSecond, options.clock);
  }

  opened(raw: unknown): void {
    if (this.#socket !== undefined || this.#isOver) return;
    // Some adapters make a new wrapper for each event: only the runtime's own socket is the same.
    this.#socket = tailSocket(this.#raw = raw);
    if (this.#socket === undefined) return;
    this.#freeSeat = this.#options.seat();
    if (this.#freeSeat === undefined) {
      return this.#fail(CLOSE_CODES.tooMany, "Too many clients read this tail: try again later");
    }
    this.#pump = this.#makePump(this.#socket);
    this.#shared.traffic.came(this.#pump);
    this.#shared.beat.join(this.#pump);
    if (this.#options.protocol) this.#awaitFirstMessage();
    else this.#startPlain();
  }

  received(raw: unknown, data: unknown): void {
    // One runtime never says that a socket is open: its first message does.
    this.opened(raw);
    if (raw !== this.#raw || this.#isOver || !this.#options.protocol) return;
    const parsed = parseMessage(data, this.#limits.messageBytes);
    if (!parsed.ok) return this.#fail(CLOSE_CODES.badMessage, parsed.problem);
    const { message } = parsed;
    // What acknowledges a batch is paid for by the batch.
    if (message.t === "ack" && this.#pump?.acknowledge(message.seq)) return;
    if (this.#rate.take()) return this.#obey(message);
    const { messagesPerSecond } = this.#limits;
    this.#fail(CLOSE_CODES.badMessage, `Send at most ${messagesPerSecond} messages a second`);
  }

  drained(): void {
    this.#pump?.hasRoom();
  }

  gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#search?.abort();
    this.#freeSeat?.();
    if (this.#pump === undefined) return;
    this.#pump.stop();
    this.#shared.beat.leave(this.#pump);
    this.#shared.traffic.went(this.#pump);
  }

  #makePump(socket: TailSocket): ClientPump {
    const { tail, clock, protocol, random = Math.random } = this.#options;
    return new ClientPump({
      tail,
      clock,
      random,
      socket,
      shared: this.#shared,
      limits: this.#limits,
      face: protocol ? protocolFace : plainFace,
      acknowledges: protocol,
      end: (code, reason, how) => this.#close(code, reason, how),
    });
  }

  #awaitFirstMessage(): void {
    const { firstMessageMs } = this.#limits;
    this.#cancelTimer = this.#options.clock.setTimer(
      () => this.#fail(CLOSE_CODES.badMessage, `No message came within ${firstMessageMs} ms`),
      firstMessageMs,
    );
  }

  #startPlain(): void {
    const { tail, from, filter: given } = this.#options;
    const filter = clientFilter(given);
    if ("problem" in filter) return this.#fail(CLOSE_CODES.badMessage, filter.problem);
    const rate = this.#limits.sampleRecords;
    this.#seekStart(from, filter, (place) => {
      this.#pump?.subscribe({ cursor: tail.cursor(place), filter, onSlow: "skip", rate });
    });
  }

  #obey(message: ClientMessage): void {
    if (message.t === "sub") return this.#subscribe(message);
    if (!this.#isSubscribed) {
      return this.#fail(CLOSE_CODES.badMessage, 'Send {"t":"sub","v":1,...} first');
    }
    if (message.t === "pause") this.#pump?.pause();
    if (message.t === "resume") this.#pump?.resume();
    if (message.t === "ping") this.#say({ t: "pong", n: message.n });
  }

  #subscribe(message: SubscribeMessage): void {
    const filter = clientFilter(message.filter);
    if ("problem" in filter) return this.#refuseFilter(filter.problem, filter.column);
    this.#cancelTimer?.();
    this.#search?.abort();
    this.#search = undefined;
    this.#isSubscribed = true;
    this.#begin(message, filter);
  }

  /** The first one ends the connection; later ones leave what was subscribed before as it is. */
  #refuseFilter(problem: string, column: number | undefined): void {
    if (!this.#isSubscribed) return this.#fail(CLOSE_CODES.badMessage, problem, column);
    this.#say(errorMessage(CLOSE_CODES.badMessage, problem, column));
  }

  #begin(message: SubscribeMessage, filter: ClientFilter): void {
    const { tail } = this.#options;
    const { onSlow = "skip", rate = this.#limits.sampleRecords } = message;
    // What is owed of the old subscription is told before the new one is announced.
    const kept = message.from === undefined ? this.#pump?.handOver() : undefined;
    this.#pump?.detach();
    this.#hello();
    const start = (from: TailFrom) =>
      this.#pump?.subscribe({
        cursor: kept ?? tail.cursor(from),
        filter,
        onSlow,
        rate: Math.min(rate, this.#limits.sampleRecords),
      });
    this.#seekStart(tailFrom(message.from ?? "kept"), filter, start);
  }

  /** The last so many that pass the filter begin further back than the last so many. */
  #seekStart(from: TailFrom, { matcher }: ClientFilter, start: (from: TailFrom) => void): void {
    const isSearch = typeof from === "object" && "last" in from && matcher !== undefined;
    if (isSearch) void this.#seek(from.last, matcher, start);
    else start(from);
  }

  async #seek(
    matches: number,
    matcher: (line: string) => boolean,
    start: (from: TailFrom) => void,
  ): Promise<void> {
    const { signal } = this.#search = new AbortController();
    try {
      const seq = await this.#options.tail.seekBack({
        matches,
        matcher,
        signal,
        onProgress: ({ at, found, done }) => {
          const isTold = this.#options.protocol && !signal.aborted;
          if (isTold) this.#say({ t: "scan", at, found, done });
        },
      });
      if (!signal.aborted) start({ seq });
    } catch (error) {
      if (!signal.aborted) this.#fail(CLOSE_CODES.failed, messageOf(error));
    }
  }

  #hello(): void {
    const { tail } = this.#options;
    const { nextSeq } = tail.stats();
    const { heartbeatMs, windowBytes, windowRecords, lineBytes } = this.#limits;
    this.#say({
      t: "hello",
      v: 1,
      run: tail.run,
      first: tail.oldestSeq,
      last: nextSeq - 1,
      hb: heartbeatMs,
      limits: { windowBytes, windowRecords, lineBytes },
    });
  }

  /** Answers outside of the stream. A client that asks and asks and never reads is given up. */
  #say(message: ServerMessage): void {
    const socket = this.#socket;
    if (socket === undefined || this.#isOver) return;
    if (socket.buffered() <= 2 * this.#limits.highMarkBytes) {
      return void socket.send(frame(message));
    }
    this.#shared.traffic.stalled++;
    this.#close(CLOSE_CODES.stalled, "The client does not read", "drop");
  }

  #fail(code: number, problem: string, column?: number): void {
    this.#say(errorMessage(code, problem, column));
    this.#close(code, problem, "close");
  }

  /** Forgets the client at once: not every runtime says that it has gone, and one says it twice. */
  #close(code: number, reason: string, how: "close" | "drop"): void {
    if (this.#isOver) return;
    this.gone();
    this.#shared.traffic.closed(code);
    this.#socket?.[how](code, reason);
  }
}

function errorMessage(code: number, msg: string, column?: number): ServerMessage {
  return column === undefined ? { t: "err", code, msg } : { t: "err", code, msg, column };
}
