import type { Clock } from "../clock.ts";

/** A parked lane asks again after this time, unless it is resumed before. */
export const PROBE_EVERY_MS: number = 5 * 60_000;
/** Calls that do not end: with so many a sink gets no more of them until one ends. */
const MAX_LEAKED = 8;

/** What holds a lane: somebody paused it, its sink parked it, or calls of it that do not end. */
export type Hold = "paused" | "parked" | "leaked";

/** All waiting of a lane: an attempt passes here, and waits here for the next one. */
export class LaneGate {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #changed: () => void;
  readonly #waiters = new Set<() => void>();
  #isPaused = false;
  /** Parked: when the next call may ask whether things have changed, by the monotonic clock. */
  #probeAt: number | undefined;
  #isProbing = false;
  /** Calls that still run after their grace. */
  leaked = 0;
  /** Deliveries that wait for the breaker. */
  awaitingBreaker = 0;
  /** Deliveries that wait between two attempts. */
  awaitingRetry = 0;

  /** `signal` ends all waits, for good; `changed` is called when the lane is held, or goes on. */
  constructor(clock: Clock, signal: AbortSignal, changed: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#changed = changed;
  }

  /** What holds the lane; undefined if nothing does. */
  get hold(): Hold | undefined {
    if (this.#isPaused) return "paused";
    if (this.#probeAt !== undefined) return "parked";
    return this.leaked >= MAX_LEAKED ? "leaked" : undefined;
  }

  /** For how long it is held, as far as is known: 0 if it is not, or while a parked lane asks. */
  get heldForMs(): number {
    if (this.hold !== "parked") return this.hold === undefined ? 0 : Infinity;
    return this.#isProbing ? 0 : Math.max(0, this.#untilProbeMs());
  }

  /** Whether somebody has paused the lane. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Lets no further attempt begin. */
  pause(): void {
    this.#isPaused = true;
    this.#changed();
  }

  /** Goes on: after a pause, and at once with the question that a parked lane has to ask. */
  resume(): void {
    this.#isPaused = false;
    if (this.#probeAt !== undefined) this.#probeAt = this.#clock.monotonic();
    this.wake();
    this.#changed();
  }

  /** The sink takes nothing until somebody steps in; true if that is news. */
  park(): boolean {
    const isNews = this.#probeAt === undefined;
    this.#probeAt = this.#clock.monotonic() + PROBE_EVERY_MS;
    this.#isProbing = false;
    this.wake();
    this.#changed();
    return isNews;
  }

  /** The sink said something else than that it takes nothing. */
  unpark(): void {
    if (this.#probeAt === undefined) return;
    this.#probeAt = undefined;
    this.#isProbing = false;
    this.wake();
    this.#changed();
  }

  /** A call that was let through was refused before it ran: it may ask again. */
  endProbe(): void {
    this.#isProbing = false;
  }

  /** A call that was let through is over and leaves the lane parked: who waits may ask in its place. */
  passOnProbe(): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.wake();
  }

  /**
   * Waits until an attempt may begin; false if the lane is closed, or at the next `wake` after an abort of
   * `turn`. A parked lane lets one through.
   */
  async pass(turn: AbortSignal = this.#signal): Promise<boolean> {
    while (!this.#signal.aborted && !turn.aborted && this.hold !== undefined) {
      if (this.hold === "parked" && !this.#isProbing && this.#untilProbeMs() <= 0) {
        this.#isProbing = true;
        break;
      }
      await this.rest(this.hold === "parked" && !this.#isProbing ? this.#untilProbeMs() : Infinity);
    }
    return !this.#signal.aborted && !turn.aborted;
  }

  #untilProbeMs(): number {
    return this.#probeAt! - this.#clock.monotonic();
  }

  /** The breaker refused: waits for its time, or for news. False if the lane is closed. */
  async restForBreaker(retryAfterMs: number): Promise<boolean> {
    this.awaitingBreaker++;
    this.#changed();
    await this.rest(Math.max(1, Math.ceil(retryAfterMs)));
    this.awaitingBreaker--;
    return !this.#signal.aborted;
  }

  /** The wait between two attempts, which nothing but the end of the lane cuts. */
  async restForRetry(delayMs: number): Promise<boolean> {
    this.awaitingRetry++;
    await this.#rest(delayMs, false);
    this.awaitingRetry--;
    return !this.#signal.aborted;
  }

  /** Waits for so long, or until `wake` is called. */
  rest(delayMs: number): Promise<void> {
    return this.#rest(delayMs, true);
  }

  #rest(delayMs: number, canWake: boolean): Promise<void> {
    const signal = this.#signal;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        cancel?.();
        this.#waiters.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = delayMs === Infinity ? undefined : this.#clock.setTimer(end, delayMs);
      if (canWake) this.#waiters.add(end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  /** Something has changed that somebody may wait for. */
  wake(): void {
    for (const end of [...this.#waiters]) end();
  }
}
