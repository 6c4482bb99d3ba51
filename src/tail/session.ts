import type { Clock } from "../clock.ts";
import { plainFace, protocolFace } from "./face.ts";
import { CLOSE_CODES, frame, parseSubscribe, tailFrom } from "./protocol.ts";
import { pumpSocket, SOCKET_HEARTBEAT_MS } from "./pump.ts";
import { type TailSocket, tailSocket } from "./socket.ts";
import type { Tail, TailFrom } from "./tail.ts";

/** How long a client of the protocol may take to say what it wants. */
const FIRST_MESSAGE_MS = 5_000;

/** What a session is told about its client. */
export interface SessionOptions {
  readonly tail: Tail;
  readonly clock: Clock;
  /** Whether the client speaks the protocol; otherwise it gets plain lines from `from` on. */
  readonly protocol: boolean;
  readonly from: TailFrom;
  /** Takes a seat; undefined when all are taken. The answer gives it back, once. */
  readonly seat: () => (() => void) | undefined;
}

/** One WebSocket client, from its first event to its last. Its methods may come twice or not at all. */
export interface TailSession {
  /** The socket is open. */
  opened(raw: unknown): void;
  /** The client sent something. */
  received(raw: unknown, data: unknown): void;
  /** The client is gone. */
  gone(): void;
}

/** Makes the session of a WebSocket client that is about to connect. */
export function tailSession(options: SessionOptions): TailSession {
  return new SocketSession(options);
}

class SocketSession implements TailSession {
  readonly #options: SessionOptions;
  readonly #stop = new AbortController();
  #socket: TailSocket | undefined;
  #started = false;
  #freeSeat: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  opened(raw: unknown): void {
    if (this.#socket !== undefined || this.#stop.signal.aborted) return;
    this.#socket = tailSocket(raw);
    if (this.#socket === undefined) return;
    this.#freeSeat = this.#options.seat();
    if (this.#freeSeat === undefined) return this.#refuseSeat();
    if (!this.#options.protocol) return this.#start(this.#options.from);
    this.#cancelTimer = this.#options.clock.setTimer(
      () => this.#fail(CLOSE_CODES.badMessage, "No message came within 5 seconds"),
      FIRST_MESSAGE_MS,
    );
  }

  received(raw: unknown, data: unknown): void {
    // One runtime never says that a socket is open: its first message does.
    this.opened(raw);
    if (!this.#options.protocol || this.#stop.signal.aborted) return;
    if (this.#started) return this.#fail(CLOSE_CODES.badMessage, "Already subscribed");
    const parsed = parseSubscribe(data);
    if (!parsed.ok) return this.#fail(CLOSE_CODES.badMessage, parsed.problem);
    this.#hello();
    this.#start(tailFrom(parsed.message.from));
  }

  gone(): void {
    this.#stop.abort();
    this.#cancelTimer?.();
    this.#freeSeat?.();
    this.#freeSeat = undefined;
  }

  #hello(): void {
    const { tail } = this.#options;
    const { firstSeq, nextSeq } = tail.stats();
    this.#socket?.send(frame({
      t: "hello",
      v: 1,
      run: tail.run,
      first: firstSeq,
      last: nextSeq - 1,
      hb: SOCKET_HEARTBEAT_MS,
    }));
  }

  #start(from: TailFrom): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#started = true;
    this.#cancelTimer?.();
    const { tail, clock, protocol } = this.#options;
    const face = protocol ? protocolFace : plainFace;
    const cursor = tail.cursor(from);
    // The seat is given back when the pump ends, for not every runtime says that a client is gone.
    void pumpSocket({ tail, cursor, socket, face, clock, signal: this.#stop.signal })
      .finally(() => this.gone());
  }

  #refuseSeat(): void {
    this.#fail(CLOSE_CODES.tooMany, "Too many clients read this tail: try again later");
  }

  #fail(code: number, problem: string): void {
    this.#socket?.send(frame({ t: "err", code, msg: problem }));
    this.#socket?.close(code, problem);
    this.gone();
  }
}
