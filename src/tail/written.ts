import type { Clock } from "../clock.ts";
import { createEncoder, type LineEncoder } from "../record/encode.ts";
import { recordFromInput } from "../record/input.ts";
import type { RecordInput } from "../record/record.ts";
import { countLines, LF } from "./lines.ts";

/** What was written, as bytes that end in LF. */
export interface Written {
  /** Valid until the next call. */
  readonly bytes: Uint8Array;
  /** How many lines they are. */
  readonly count: number;
  /** Whether it may be any text. */
  readonly raw: boolean;
}

/** A character of a string is at most so many bytes of UTF-8. */
const MAX_CHARACTER_BYTES = 3;
/** Lines that surely fit are encoded here: memory of its own for each is most of what a call costs. */
const SCRATCH_BYTES = 16 * 1024;

const encoder = new TextEncoder();

/** Brings what a program writes to a tail into the form of lines. */
export class WrittenLines {
  readonly #clock: Clock;
  #scratch: Uint8Array | undefined;
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
    if (typeof value === "string") return value === "" ? undefined : this.#text(value);
    if (value instanceof Uint8Array) {
      if (value.length === 0) return undefined;
      const bytes = ended(value);
      return { bytes, count: countLines(bytes), raw: true };
    }
    return { bytes: this.#encode(this.#lineOf(value), true), count: 1, raw: false };
  }

  #text(text: string): Written {
    const border = text.indexOf("\n");
    const bytes = this.#encode(text, border !== -1 && text.endsWith("\n"));
    const isOne = border === -1 || border === text.length - 1;
    return { bytes, count: isOne ? 1 : countLines(bytes), raw: true };
  }

  #encode(text: string, isEnded: boolean): Uint8Array {
    if (text.length * MAX_CHARACTER_BYTES >= SCRATCH_BYTES) {
      return encoder.encode(isEnded ? text : text + "\n");
    }
    const scratch = this.#scratch ??= new Uint8Array(SCRATCH_BYTES);
    let { written } = encoder.encodeInto(text, scratch);
    if (!isEnded) scratch[written++] = LF;
    return scratch.subarray(0, written);
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
