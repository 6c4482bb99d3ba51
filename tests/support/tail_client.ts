/** A WebSocket of no runtime, and a client of the protocol behind it, for tests. */
import type { FakeClock } from "../../src/testing/fake_clock.ts";
import type { SessionOptions, TailSession } from "../../src/tail/session.ts";
import { tailSession } from "../../src/tail/session.ts";
import type { Tail } from "../../src/tail/tail.ts";

/** A message of the server, with the keys that any of them has. */
export interface Told {
  readonly t: string;
  readonly seq: number;
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly ph: string;
  readonly why: string;
  readonly back: boolean;
  readonly code: number;
  readonly msg: string;
  readonly column?: number;
  readonly first: number;
  readonly last: number;
  readonly lag: number;
  readonly sent: number;
  readonly skipped: number;
  readonly r: readonly [number, { readonly msg: string; readonly truncated?: number } | string][];
}

/** A socket whose bytes leave when the test says so. */
export class FakeSocket {
  readyState = 1;
  /** Everything sent. */
  readonly texts: string[] = [];
  /** How it ended: a close code, or "terminate". */
  ended: number | "terminate" | undefined;
  pings = 0;
  /** What the runtime answers to `send`. */
  answer: unknown;
  bufferedAmount = 0;
  readonly #told: Told[] = [];
  /** Whether bytes leave at once. */
  reads = true;

  send(text: string): unknown {
    this.texts.push(text);
    if (!this.reads) this.bufferedAmount += text.length;
    return this.answer;
  }

  /** Lets so many bytes leave. */
  read(bytes: number): void {
    this.bufferedAmount = Math.max(0, this.bufferedAmount - bytes);
  }

  ping(): void {
    this.pings++;
  }

  close(code: number): void {
    this.ended ??= code;
    this.readyState = 2;
  }

  terminate(): void {
    this.ended ??= "terminate";
    this.readyState = 3;
  }

  /** Everything sent, as messages. */
  get told(): readonly Told[] {
    for (const text of this.texts.slice(this.#told.length)) this.#told.push(JSON.parse(text));
    return this.#told;
  }

  /** The messages of one kind. */
  of(kind: string): Told[] {
    return this.told.filter((message) => message.t === kind);
  }

  /** The sequence numbers of all records sent. */
  get seqs(): number[] {
    return this.of("b").flatMap(({ r }) => r.map(([seq]) => seq));
  }
}

/** A connected client. */
export interface FakeClient {
  readonly socket: FakeSocket;
  readonly session: TailSession;
  /** Sends a message. */
  say(message: unknown): void;
}

/** Connects a client; `first` is what it says. */
export function connect(
  options: Omit<SessionOptions, "protocol" | "from" | "seat"> & Partial<SessionOptions>,
  first?: unknown,
): FakeClient {
  const socket = new FakeSocket();
  const session = tailSession({ protocol: true, from: "kept", seat: () => () => {}, ...options });
  const say = (message: unknown) => session.received(socket, JSON.stringify(message));
  session.opened(socket);
  if (first !== undefined) say(first);
  return { socket, session, say };
}

const encoder = new TextEncoder();

/** Writes the records `from` to `to`, each with the message "n" and its number. */
export function push(tail: Tail, from: number, to: number, level = "info", more = ""): void {
  const lines = Array.from(
    { length: to - from + 1 },
    (_, i) => `{"level":"${level}","msg":"n${from + i}${more}"}\n`,
  );
  tail.push({ firstSeq: from, count: lines.length, bytes: encoder.encode(lines.join("")) });
}

/** The numbers from `from` to `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Lets everything that can be done at this time be done. */
export async function settle(clock: FakeClock): Promise<void> {
  for (let i = 0; i < 20; i++) await clock.advance(0);
}
