import type { Clock } from "../clock.ts";

/** A client that is served in steps. */
export interface Beating {
  /** Goes on a little, without waiting; whether there is more to do at once. */
  step(now: number): boolean;
  /** What it waits for: news of the tail, or something that has to be looked at again. */
  readonly waits: "tail" | "poll" | "other";
  /** Looks whether a heartbeat is due. */
  beat(now: number): void;
  /** Resolves when the tail has news. */
  news(signal: AbortSignal): Promise<void>;
}

/** How often a socket that has no room is looked at again; only one runtime says when it has. */
const POLL_MS = 25;
/** How often it is seen whether a heartbeat is due. */
const TICK_MS = 250;

/**
 * Serves all clients of one tail, in step. News wakes them together, so that those who read the same place
 * get the same frames, and a client costs no timer and no promise of its own.
 */
export class TailBeat {
  readonly #clock: Clock;
  readonly #clients = new Set<Beating>();
  #busy = new Set<Beating>();
  #roundDue = false;
  #watch: AbortController | undefined;
  #cancelTick: (() => void) | undefined;
  #tickAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Serves a client from now on. */
  join(client: Beating): void {
    this.#clients.add(client);
    this.go(client);
    this.#armTick(TICK_MS);
  }

  /** Serves it no more. */
  leave(client: Beating): void {
    this.#clients.delete(client);
    this.#busy.delete(client);
    if (this.#clients.size > 0) return;
    this.#watch?.abort();
    this.#watch = undefined;
    this.#cancelTick?.();
    this.#tickAt = Infinity;
  }

  /** Something has changed for this client: it has its turn soon. */
  go(client: Beating): void {
    if (!this.#clients.has(client)) return;
    this.#busy.add(client);
    if (this.#roundDue) return;
    this.#roundDue = true;
    // Between two rounds the rest of the process has its turn.
    this.#clock.defer(() => this.#round());
  }

  #round(): void {
    this.#roundDue = false;
    const turn = this.#busy;
    this.#busy = new Set();
    this.#stepAll(turn);
  }

  #stepAll(clients: Iterable<Beating>): void {
    const now = this.#clock.monotonic();
    for (const client of clients) {
      if (!this.#clients.has(client)) continue;
      if (client.step(now)) this.go(client);
      else if (client.waits === "poll") this.#armTick(POLL_MS);
      else if (client.waits === "tail") this.#watchFor(client);
    }
  }

  /** One of those who wait for news waits for all. */
  #watchFor(client: Beating): void {
    if (this.#watch !== undefined || !this.#clients.has(client)) return;
    const watch = this.#watch = new AbortController();
    const woken = () => this.#watch === watch && this.#news();
    client.news(watch.signal).then(woken, woken);
  }

  #news(): void {
    this.#watch = undefined;
    this.#stepAll([...this.#clients].filter((client) => client.waits === "tail"));
  }

  #armTick(delayMs: number): void {
    const at = this.#clock.monotonic() + delayMs;
    if (this.#clients.size === 0 || at >= this.#tickAt) return;
    this.#cancelTick?.();
    this.#tickAt = at;
    this.#cancelTick = this.#clock.setTimer(() => this.#tick(), delayMs);
  }

  #tick(): void {
    this.#tickAt = Infinity;
    const now = this.#clock.monotonic();
    this.#stepAll([...this.#clients].filter((client) => client.waits === "poll"));
    for (const client of [...this.#clients]) client.beat(now);
    this.#armTick(TICK_MS);
  }
}
