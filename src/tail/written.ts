import type { Clock } from "../clock.ts";
import { createEncoder, type LineEncoder } from "../record/encode.ts";
import { recordFromInput } from "../record/input.ts";
import type { RecordInput } from "../record/record.ts";
import { LF } from "./lines.ts";

/** What was written, as bytes that end in LF. */
export interface Written {
  readonly bytes: Uint8Array;
  /** Whether it may be any text. */
  readonly raw: boolean;
}

const encoder = new TextEncoder();

/** Brings what a program writes to a tail into the form of lines. */
export class WrittenLines {
  readonly #clock: Clock;
  #records: LineEncoder | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The lines of text, of bytes or of a record; undefined if there is nothing.
   *
   * @throws {TypeError} If it is none of the three
   */
  of(value: string | Uint8Array | RecordInput): Written | undefined {
    if (typeof value === "string") {
      if (value === "") return undefined;
      return { bytes: encoder.encode(value.endsWith("\n") ? value : value + "\n"), raw: true };
    }
    if (value instanceof Uint8Array) {
      return value.length === 0 ? undefined : { bytes: ended(value), raw: true };
    }
    return { bytes: encoder.encode(this.#lineOf(value)), raw: false };
  }

  #lineOf(value: RecordInput): string {
    if (typeof value !== "object" || value === null) {
      throw new TypeError("Invalid record: pass text, bytes, or an object with a string msg");
    }
    this.#records ??= createEncoder();
    return this.#records.record(recordFromInput(value, this.#clock.now()));
  }
}

function ended(bytes: Uint8Array): Uint8Array {
  if (bytes[bytes.length - 1] === LF) return bytes;
  const copy = new Uint8Array(bytes.length + 1);
  copy.set(bytes);
  copy[bytes.length] = LF;
  return copy;
}
