import { type Clock, systemClock } from "../clock.ts";
import { backoff } from "../delivery/backoff.ts";
import { pause } from "../delivery/pause.ts";
import { visible } from "../sink/pretty.ts";
import { TailFailure, type TailNews, type TailReading } from "./tail_news.ts";
import { messagesOf, SilenceWatch } from "./tail_messages.ts";
import type { TailPlace } from "./tail_options.ts";
import { LinkLostError, placeOf, requestTail, type TailRequest } from "./tail_request.ts";
import { rowsOf, type TailRow } from "./tail_rows.ts";
import { UsageError } from "./usage_error.ts";

/** How to read a live view. */
export interface LinkOptions extends TailRequest {
  /** Where to begin. */
  readonly from: TailPlace;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Tells the user how the link is. */
  readonly say: (text: string) => void;
  /** Time. */
  readonly clock?: Clock;
  /** Chance, from 0 up to 1. */
  readonly random?: () => number;
}

/** The message of a server; which other parts it has depends on `t`. */
interface Message {
  readonly t: string;
  readonly run?: string;
  readonly hb?: number;
  readonly from?: number;
  readonly to?: number;
  readonly seq?: number;
  readonly n?: number;
  readonly last?: number;
  readonly lag?: number;
  readonly why?: string;
  readonly code?: number;
  readonly msg?: string;
}

/** 250 ms, doubled each time, up to 10 s, all of it left to chance. */
const waitAfter = backoff.exponential({ baseMs: 250, capMs: 10_000, jitter: "full" });

/** The server ends a link with these when another one would end like it. */
const FINAL_CODES: ReadonlySet<number> = new Set([4400, 4401, 4403]);

/**
 * The records of a live view. A link that was there and is lost is taken up again behind the last record,
 * as often as need be; the first one has to succeed.
 */
export function linkTail(options: LinkOptions): TailReading {
  const link = new Link(options);
  return {
    get place() {
      return link.seen === undefined ? undefined : `${link.seen.run}.${link.seen.seq}`;
    },
    read: () => link.read(),
  };
}

class Link {
  /** The last record that came, was left out, or will not come; undefined before there was one. */
  seen: { readonly run: string; readonly seq: number } | undefined;
  readonly #options: LinkOptions;
  readonly #clock: Clock;
  #run = "";
  /** Whether a server has ever answered as one should. */
  #wasUp = false;
  #isLost = false;
  /** Tries since something came. */
  #tries = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  async *read(): AsyncGenerator<TailNews> {
    const { signal, follow } = this.#options;
    while (!signal.aborted) {
      let lost: LinkLostError;
      try {
        yield* this.#readOnce();
        if (!follow) return;
        lost = new LinkLostError("the server has ended it");
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof LinkLostError)) throw error;
        lost = error;
      }
      await this.#waitAfter(lost);
    }
  }

  /** One link, from its beginning to its end. */
  async *#readOnce(): AsyncGenerator<TailNews> {
    const { signal, from } = this.#options;
    const watch = new SilenceWatch(this.#clock, signal);
    const place: TailPlace = this.seen === undefined ? from : { kind: "seq", ...this.seen };
    const stop = AbortSignal.any([signal, watch.signal]);
    const body = await watch.wait(requestTail(this.#options, place, stop));
    let isBegun = false;
    for await (const text of messagesOf(body, watch)) {
      const message = this.#parse(text);
      if (message.t === "hello") this.#begin(message, watch);
      else if (message.t === "err") throw this.#errorOf(message);
      else if (!isBegun) throw this.#notOurs();
      else yield* this.#take(message, text);
      isBegun = true;
    }
    if (!isBegun) throw new LinkLostError("the server has ended it without a word");
  }

  async #waitAfter(lost: LinkLostError): Promise<void> {
    const { url, say, signal, random = Math.random } = this.#options;
    if (!this.#wasUp) throw new TailFailure(`Cannot read ${placeOf(url)}: ${lost.message}`);
    this.#tries++;
    if (!this.#isLost) say(`The link is lost: ${lost.message}; trying again until it is back`);
    this.#isLost = true;
    const delayMs = lost.retryAfterMs ?? waitAfter(this.#tries, random);
    await pause(delayMs, this.#clock, signal);
  }

  #begin({ run, hb }: Message, watch: SilenceWatch): void {
    if (typeof run !== "string" || run === "") throw this.#notOurs();
    if (typeof hb === "number" && hb > 0) watch.heartbeatMs = hb;
    if (this.#isLost) this.#options.say("The link is back");
    this.#isLost = false;
    this.#wasUp = true;
    this.#run = run;
  }

  *#take(message: Message, text: string): Generator<TailNews> {
    const { t, from = 0, to = 0, n = 0, why = "", seq = 0 } = message;
    if (t === "b") {
      const last = this.seen?.seq ?? -1;
      // A server that sends a record again does not make us show it again.
      const rows = this.#rowsOf(text).filter((row) => row.seq > last);
      yield { kind: "rows", rows };
      this.#sawUpTo(to);
    } else if (t === "gap") {
      yield { kind: "gap", gap: { from, to, n, why } };
      // These numbers are given anew, to records that we have not seen.
      if (why === "restart") this.seen = { run: this.#run, seq: from - 1 };
      else this.#sawUpTo(to);
    } else if (t === "live") this.#sawUpTo(seq - 1);
    else if (t === "hb") this.#heard(message);
  }

  /** Records that the filter leaves out are passed without a word: a sign of life tells how far. */
  #heard({ last, lag }: Message): void {
    this.#tries = 0;
    if (typeof last === "number" && typeof lag === "number") this.#sawUpTo(last - lag);
  }

  #rowsOf(text: string): TailRow[] {
    try {
      return rowsOf(text);
    } catch {
      throw this.#notOurs();
    }
  }

  #sawUpTo(seq: number): void {
    if (seq <= (this.seen?.seq ?? -1)) return;
    this.seen = { run: this.#run, seq };
    // A link that brings nothing is not yet a good one: a server may take each and end it at once.
    this.#tries = 0;
  }

  #errorOf({ code = 0, msg = "no reason given" }: Message): Error {
    const words = visible(String(msg));
    return FINAL_CODES.has(code)
      ? new UsageError(`${placeOf(this.#options.url)} refuses: ${words}`)
      : new LinkLostError(words);
  }

  #parse(text: string): Message {
    let message: Message | undefined;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      throw this.#notOurs();
    }
    if (typeof message?.t !== "string" || !isSound(message)) throw this.#notOurs();
    return message;
  }

  #notOurs(): UsageError {
    return new UsageError(
      `${placeOf(this.#options.url)} does not speak version 1 of the tail's protocol: ` +
        "name the live view of a logflume that does",
    );
  }
}

const COUNTS = ["from", "to", "seq", "n", "last", "lag", "code"] as const;

/** Whether the parts that are there are what they should be. */
function isSound(message: Message): boolean {
  const { why } = message;
  return (why === undefined || typeof why === "string") &&
    COUNTS.every((name) => message[name] === undefined || Number.isSafeInteger(message[name]));
}
