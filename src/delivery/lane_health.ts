import { PROBE_EVERY_MS } from "./lane_gate.ts";
import type { LaneEvent } from "./lane_settings.ts";

/** How calls of a sink have gone, told once an episode. */
export class LaneHealth {
  readonly #name: string;
  readonly #tell: (kind: LaneEvent, message: string) => void;
  #lastError: string | undefined;
  /** Calls that failed, in whole or in part. */
  failures = 0;

  constructor(name: string, tell: (kind: LaneEvent, message: string) => void) {
    this.#name = name;
    this.#tell = tell;
  }

  /** What the last failed call said, unless a later one succeeded. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** A call took everything. */
  succeeded(): void {
    if (this.#lastError === undefined) return;
    this.#lastError = undefined;
    this.#tell("delivery-recovered", `Sink "${this.#name}" takes records again`);
  }

  /** Something failed and is tried again. */
  failing(error: string): void {
    if (this.#lastError === undefined) {
      this.#tell("delivery-failed", `Sink "${this.#name}" failed, trying again: ${error}`);
    }
    this.#lastError = error;
  }

  /** The sink takes nothing until somebody steps in. */
  parked(error: string, isNews: boolean): void {
    this.#lastError = error;
    if (!isNews) return;
    this.#tell(
      "lane-parked",
      `Sink "${this.#name}" is parked, its records are kept: ${error}; it is asked again every ` +
        `${PROBE_EVERY_MS / 60_000} minutes, or when the lane is resumed`,
    );
  }

  /** The lane ends for good. */
  ended(error: string, isExpected: boolean): void {
    this.#lastError = error;
    this.#tell(
      isExpected ? "lane-ended" : "lane-stopped",
      `Sink "${this.#name}" is closed: ${error}`,
    );
  }
}
