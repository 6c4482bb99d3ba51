import type { Link as LinkState } from "../messages.ts";
import type { WireHello, WireMessage } from "../wire.ts";
import type { Admission, Credential } from "./admission.ts";
import { retryDelayMs } from "./reconnect.ts";

/** Where to begin, in the words of the protocol. */
export type From =
  | { readonly run: string; readonly seq: number }
  | { readonly last: number }
  | { readonly since: number }
  | "live";

/** What a link tells its owner. */
export interface LinkEvents {
  /** A message came, in order. */
  message(message: WireMessage): void;
  /** The state has changed. */
  changed(): void;
  /** Where to begin when a connection opens, and the filter the server should apply. */
  subscription(): { readonly from: From; readonly filter: unknown };
}

const SIGN_IN_CODE = 4401;

type Timer = ReturnType<typeof setTimeout>;

/** The state of a socket that can send. */
const OPEN = 1;
/** Without a heartbeat for this many of its periods, the connection is taken for dead. */
const PATIENCE = 2.5;
const FIRST_HEARTBEAT_MS = 15_000;
/** A server that has refused is asked again after this time. */
const REFUSED_MS = 15_000;
/** Close codes that say no: what would come of trying again at once is clear. */
const REFUSALS: Readonly<Record<number, string>> = {
  4400: "the server does not understand this page",
  4403: "this address may not read it",
  4429: "too many clients",
};

/** The connection to the server: it comes back by itself, and its state is always known. */
export class Link {
  readonly #url: string;
  readonly #events: LinkEvents;
  readonly #credential: Credential;
  readonly #openSocket: (url: string) => WebSocket;
  #socket: WebSocket | undefined;
  /** Rises with each connection, so that an answer that comes late is known for one. */
  #turn = 0;
  #attempt = 0;
  #wrongTokens = 0;
  #retry: Timer | undefined;
  #watch: Timer | undefined;
  #problem = "";
  /** The newest record there is, as the last heartbeat had it. */
  #newest = 0;
  #opened = false;
  /** Subscriptions that the server has not answered. */
  #unanswered = 0;
  state: LinkState = { kind: "connecting" };
  /** What the server said first, on this connection. */
  hello: WireHello | undefined;

  constructor(
    url: string,
    events: LinkEvents,
    credential: Credential,
    openSocket: (url: string) => WebSocket = (address) => new WebSocket(address),
  ) {
    this.#url = url;
    this.#events = events;
    this.#credential = credential;
    this.#openSocket = openSocket;
  }

  /** Whether the server takes more than one message: `ack`, `pause`, another filter. */
  get speaks(): boolean {
    return this.hello?.limits !== undefined;
  }

  /** Whether what comes belongs to the last subscription, and not to one before it. */
  get isAnswered(): boolean {
    return this.#unanswered === 0;
  }

  connect(): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.#problem = "";
    this.#opened = false;
    this.#show({ kind: "connecting" });
    if (this.#credential.token === undefined) this.#open("");
    else void this.#admit(this.#turn);
  }

  /** Gets a ticket and opens a socket with it. */
  async #admit(turn: number): Promise<void> {
    const admission = await this.#credential.admission().catch(() => undefined);
    if (turn !== this.#turn) return;
    if (admission === undefined) this.#lost(0, "");
    else if (admission.kind !== "open") this.#turnedAway(admission);
    else this.#open(admission.ticket === undefined ? "" : `&ticket=${admission.ticket}`);
  }

  #open(ticket: string): void {
    const url = `${this.#url.replace(/^http/, "ws")}?v=1${ticket}`;
    const socket = this.#socket = this.#openSocket(url);
    socket.onopen = () => {
      this.#opened = true;
      this.subscribe();
    };
    socket.onmessage = ({ data }) => this.#received(socket, String(data));
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(code, reason);
    };
    this.#watchdog(FIRST_HEARTBEAT_MS);
  }

  /** Says where to begin and what to filter: first, and again when either changes. */
  subscribe(): void {
    const { from, filter } = this.#events.subscription();
    const message = { t: "sub", v: 1, from, ...(filter === undefined ? {} : { filter }) };
    if (this.#send(message)) this.#unanswered++;
  }

  /** Sends a message of the newer protocol; a server that does not know it is spared. */
  tell(
    message: { readonly t: "ack"; readonly seq: number } | { readonly t: "pause" | "resume" },
  ): void {
    if (this.speaks) this.#send(message);
  }

  /** Ends it for good. */
  close(): void {
    clearTimeout(this.#retry);
    this.#drop();
  }

  /** Tries now, if it was waiting to; but not while somebody is asked to sign in. */
  wake(): void {
    if (this.state.kind !== "lost" && this.state.kind !== "refused") return;
    this.#attempt = 0;
    this.connect();
  }

  #send(message: unknown): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #received(socket: WebSocket, data: string): void {
    if (socket !== this.#socket) return;
    const message = JSON.parse(data) as WireMessage;
    this.#watchdog(this.hello?.hb ?? FIRST_HEARTBEAT_MS);
    // A link that brought something was worth it, though it was cut before it came to the present.
    if (message.t === "b" || message.t === "live") this.#attempt = 0;
    if (message.t === "hello" || message.t === "err") {
      this.#unanswered = Math.max(0, this.#unanswered - 1);
    }
    if (message.t === "hello") {
      this.hello = message;
      this.#show({ kind: "replay" });
    } else if (message.t === "live" && this.isAnswered) {
      this.#show({ kind: "live" });
    } else if (message.t === "hb" && this.state.kind !== "replay") {
      this.#newest = message.last;
      this.#showLag(message.lag);
    } else if ((message.t === "b" || message.t === "gap") && this.state.kind === "behind") {
      // The next heartbeat may be long in coming, so what came tells that the page has caught up.
      this.#showLag(this.#newest - message.to);
    } else if (message.t === "err") this.#problem = message.msg;
    this.#events.message(message);
  }

  #showLag(n: number): void {
    this.#show(n > 0 ? { kind: "behind", n } : { kind: "live" });
  }

  #lost(code: number, reason: string): void {
    this.#drop();
    if (code === SIGN_IN_CODE) return this.#turnedAway({ kind: "sign-in" });
    const refusal = REFUSALS[code];
    if (refusal !== undefined) return this.#refused(this.#problem || reason || refusal);
    if (!this.#opened) void this.#ask(this.#turn);
    const delay = retryDelayMs(this.#attempt++, Math.random());
    const why = code === 1001 ? "the server is closing" : "the connection was cut";
    this.#wait({ kind: "lost", why, retryAt: Date.now() + delay }, delay);
  }

  #refused(why: string): void {
    this.#wait({ kind: "refused", why, retryAt: Date.now() + REFUSED_MS }, REFUSED_MS);
  }

  #wait(state: LinkState, delay: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connect(), delay);
    this.#show(state);
  }

  async #ask(turn: number): Promise<void> {
    // If nobody is there, the state says so already.
    const admission = await this.#credential.reason().catch(() => undefined);
    if (admission !== undefined && turn === this.#turn) this.#turnedAway(admission);
  }

  #turnedAway(admission: Admission): void {
    if (admission.kind === "refused") return this.#refused(admission.why);
    if (admission.kind === "open") return;
    clearTimeout(this.#retry);
    if (this.#credential.token !== undefined) this.#wrongTokens++;
    this.#credential.token = undefined;
    this.#show({ kind: "sign-in", wrong: this.#wrongTokens });
  }

  #watchdog(heartbeatMs: number): void {
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#watch = setTimeout(() => {
      if (socket === this.#socket && socket !== undefined) this.#lost(0, "");
    }, heartbeatMs * PATIENCE);
  }

  #drop(): void {
    this.#turn++;
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = undefined;
    this.hello = undefined;
    this.#unanswered = 0;
    socket?.close();
  }

  #show(state: LinkState): void {
    this.state = state;
    this.#events.changed();
  }
}
