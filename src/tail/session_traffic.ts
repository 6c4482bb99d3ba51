/** Figures of the WebSocket clients of a tail, since it was made. */
export interface TailTrafficStats {
  /** Clients that are connected. */
  readonly clients: number;
  /** Records sent, once for each client. */
  readonly sent: number;
  /** Records that slow clients were moved past. */
  readonly skipped: number;
  /** Records that samples left out. */
  readonly sampled: number;
  /** Clients that were given up because they took nothing. */
  readonly stalled: number;
  /** Clients that the server has closed, by close code. */
  readonly closed: Readonly<Record<number, number>>;
  /** Records that the furthest client is behind now. */
  readonly lagMax: number;
}

/** A client, as far as it is counted. */
export interface Counted {
  /** Records that were not sent yet. */
  readonly lag: number;
}

/** Counts what the WebSocket clients of a tail get and do not get. */
export class TailTraffic {
  /** Records sent. */
  sent = 0;
  /** Records skipped. */
  skipped = 0;
  /** Records that samples left out. */
  sampled = 0;
  /** Clients given up. */
  stalled = 0;
  readonly #clients = new Set<Counted>();
  readonly #closed = new Map<number, number>();

  /** A client is there. */
  came(client: Counted): void {
    this.#clients.add(client);
  }

  /** A client has gone. A second call does nothing. */
  went(client: Counted): void {
    this.#clients.delete(client);
  }

  /** The server has closed a client. */
  closed(code: number): void {
    this.#closed.set(code, (this.#closed.get(code) ?? 0) + 1);
  }

  /** The figures. */
  stats(): TailTrafficStats {
    const { sent, skipped, sampled, stalled } = this;
    let lagMax = 0;
    for (const { lag } of this.#clients) lagMax = Math.max(lagMax, lag);
    const closed = Object.fromEntries(this.#closed);
    return { clients: this.#clients.size, sent, skipped, sampled, stalled, closed, lagMax };
  }
}
