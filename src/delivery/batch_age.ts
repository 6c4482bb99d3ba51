import type { Clock } from "../clock.ts";
import type { BatchRule } from "./lane_settings.ts";

/** Lets records wait for others to go with them, until they are many, large or old enough. */
export class BatchAge {
  readonly #rule: BatchRule;
  readonly #clock: Clock;
  readonly #due: () => void;
  #cancel: (() => void) | undefined;
  #sinceMs: number | undefined;
  #bytes = 0;

  /** `due` is called when the oldest record that waits has waited long enough. */
  constructor(rule: BatchRule, clock: Clock, due: () => void) {
    this.#rule = rule;
    this.#clock = clock;
    this.#due = due;
  }

  /** Records have come. */
  note(bytes: number): void {
    if (this.#rule.maxAgeMs === 0) return;
    this.#bytes += bytes;
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = this.#clock.monotonic();
    this.#cancel = this.#clock.setTimer(this.#due, this.#rule.maxAgeMs);
  }

  /** Whether a batch may go, if so many records wait. */
  isDue(records: number): boolean {
    const { maxAgeMs, maxRecords, maxBytes } = this.#rule;
    if (maxAgeMs === 0 || records >= maxRecords || this.#bytes >= maxBytes) return true;
    return this.#sinceMs === undefined || this.#clock.monotonic() - this.#sinceMs >= maxAgeMs;
  }

  /** A batch went, and so many records still wait. */
  took(bytes: number, left: number): void {
    this.#bytes = left === 0 ? 0 : Math.max(0, this.#bytes - bytes);
    if (left === 0) this.stop();
  }

  /** Nothing waits any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = this.#sinceMs = undefined;
  }
}
