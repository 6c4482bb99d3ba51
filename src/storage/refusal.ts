import { messageOf } from "../errors.ts";
import type { LogNotice } from "./store.ts";

/** Tells once that the disk refuses to write, until it has written again, and what it never took. */
export class Refusal {
  readonly #label: string;
  readonly #tell: (notice: LogNotice) => void;
  #isTold = false;

  constructor(label: string, tell: (notice: LogNotice) => void) {
    this.#label = label;
    this.#tell = tell;
  }

  /** The disk refused. */
  met(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#tell({
      kind: "write-failed",
      message: `Cannot write to the log in "${this.#label}": ${messageOf(error)}; ` +
        `records wait in memory until it works again`,
    });
  }

  /** The log is closed, and so many of its records were never written. */
  lost(count: number): void {
    if (count === 0) return;
    const [records, they] = count === 1 ? ["record", "it is"] : ["records", "they are"];
    this.#tell({
      kind: "failed",
      message: `The log in "${this.#label}" is closed with ${count} ${records} that the disk ` +
        `did not take: ${they} lost`,
    });
  }

  /** The disk has written. */
  over(): void {
    this.#isTold = false;
  }
}
