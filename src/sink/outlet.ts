/** Where an outlet writes to, and who hears of it. */
export interface OutletHost {
  /** Appends whole lines, all or none. */
  append(bytes: Uint8Array): void;
  /** Bytes of the `append` that failed last which are out nevertheless. */
  readonly taken: number;
  /** Lines were written. May hand in more. */
  wrote(lines: number, bytes: number): void;
  /** The disk refused: what was taken stays, and `take` is not to be called until `flush` says true. */
  refused(error: unknown): void;
}

/** Room for a line that is written by itself; a longer one gets bytes of its own. */
const MIN_BUFFER_BYTES = 16 * 1024;
const encoder = new TextEncoder();

/**
 * Gathers lines into blocks and writes each with one call. Text grows as one string that is encoded once
 * a block, which takes less than encoding line by line. With blocks of one byte each line is a block.
 */
export class Outlet {
  readonly #host: OutletHost;
  readonly #blockBytes: number;
  readonly #buffer: Uint8Array;
  /** Bytes of the buffer that are taken; `#text` comes after them. */
  #filled = 0;
  #text = "";
  /** Text as long as this fills the block. */
  #room: number;
  /** A block that the disk refused: it goes out before anything else. */
  #stuck: Uint8Array | undefined;
  /** Lines taken and not yet written. */
  lines = 0;

  constructor(host: OutletHost, blockBytes: number) {
    this.#host = host;
    this.#blockBytes = this.#room = blockBytes;
    // Less than a block of bytes, then less than a block of text, of at most three bytes a unit.
    this.#buffer = new Uint8Array(Math.max(MIN_BUFFER_BYTES, 4 * blockBytes));
  }

  /** Takes a line that ends in LF, and writes the block if that fills it. */
  take(line: string): void {
    this.#text += line;
    this.lines++;
    if (this.#text.length >= this.#room) this.flush();
  }

  /** The same for bytes; the caller may change them afterwards. */
  takeBytes(bytes: Uint8Array): void {
    if (bytes.length >= this.#blockBytes) return this.#takeLarge(bytes);
    // Text of several bytes a unit may fill the block earlier than its length tells.
    if (this.#encode().length >= this.#blockBytes && !this.flush()) return this.#takeLarge(bytes);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
    this.#room = this.#blockBytes - this.#filled;
    this.lines++;
    if (this.#room <= 0) this.flush();
  }

  /** Bytes that are a block by themselves, or that come behind one that is stuck. */
  #takeLarge(bytes: Uint8Array): void {
    const isFree = this.#stuck === undefined && this.flush();
    this.lines++;
    if (isFree) this.#write(bytes);
    else this.#stuck = joined(this.#stuck!, bytes);
  }

  /** Writes all that was taken; false if the disk refuses. */
  flush(): boolean {
    if (this.#stuck !== undefined) return this.#write(this.#stuck);
    return this.lines === 0 || this.#write(this.#encode());
  }

  /** All that was taken, as bytes. */
  #encode(): Uint8Array {
    const text = this.#text;
    this.#text = "";
    if (3 * text.length > this.#buffer.length - this.#filled) {
      return joined(this.#buffer.subarray(0, this.#filled), encoder.encode(text));
    }
    this.#filled += encoder.encodeInto(text, this.#buffer.subarray(this.#filled)).written;
    return this.#buffer.subarray(0, this.#filled);
  }

  #write(bytes: Uint8Array): boolean {
    const { lines } = this;
    try {
      this.#host.append(bytes);
    } catch (error) {
      // A copy: the bytes may be the caller's.
      this.#stuck = bytes.slice(this.#host.taken);
      this.#host.refused(error);
      return false;
    }
    this.#stuck = undefined;
    this.#filled = 0;
    this.#room = this.#blockBytes;
    this.lines = 0;
    this.#host.wrote(lines, bytes.length);
    return true;
  }
}

/** Two runs of bytes, one after the other. */
function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(before.length + after.length);
  bytes.set(before);
  bytes.set(after, before.length);
  return bytes;
}
