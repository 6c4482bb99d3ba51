import type { Clock } from "../../clock.ts";

/** How long a ticket may be used. */
export const TICKET_MS = 30_000;
/** Tickets that may be open at once; more push the oldest out. */
const MAX_TICKETS = 1_000;
const TICKET_BYTES = 16;

/**
 * One-use tickets, for clients that cannot send a header: a browser's WebSocket and EventSource. A log
 * that keeps the URL keeps nothing of use, since a ticket is spent when it is read there.
 */
export class Tickets {
  readonly #clock: Clock;
  /** When each ends; oldest first. */
  readonly #open = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes a ticket. */
  issue(): string {
    if (this.#open.size >= MAX_TICKETS) this.#dropOldest();
    const ticket = randomText(TICKET_BYTES);
    this.#open.set(ticket, this.#clock.monotonic() + TICKET_MS);
    return ticket;
  }

  /** Whether a ticket holds; it never does again. */
  spend(ticket: string): boolean {
    const end = this.#open.get(ticket);
    this.#open.delete(ticket);
    return end !== undefined && this.#clock.monotonic() < end;
  }

  #dropOldest(): void {
    for (const ticket of this.#open.keys()) {
      this.#open.delete(ticket);
      return;
    }
  }
}

function randomText(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
