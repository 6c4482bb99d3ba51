/** A line of an input. */
export interface Line {
  /** Its text, without the line end. */
  readonly text: string;
  /** The byte offset in the input after the line and its LF. */
  readonly endOffset: number;
  /** Set when the line was too long and `text` is only its beginning: the bytes it had. */
  readonly originalBytes?: number;
}

/** Cuts bytes, as they come, into lines. */
export interface LineSplitter {
  /** Bytes taken so far, counted from the beginning of the input. */
  readonly offset: number;
  /** Where the line begins that has not ended yet. */
  readonly lineOffset: number;
  /** Takes bytes, which may change afterwards, and gives the lines that ended in them. */
  push(chunk: Uint8Array): Line[];
  /** The line without LF at the end of the input, if there is one; starts over after it. */
  end(): Line | undefined;
}

/** Where a splitter starts and how long a line may be. */
export interface LineSplitterOptions {
  /** The longest line in bytes of UTF-8, without its end; longer ones are cut. */
  readonly maxLineBytes: number;
  /** The offset of the first byte in the input. @default {0} */
  readonly offset?: number;
}

const LF = 10;
const CR = 13;
const BOM_BYTES = 3;
/** Kept of a long line beyond its maximum: a byte order mark and a CR. */
const SPARE_BYTES = BOM_BYTES + 1;

/** A byte order mark stays a character here: only one at the start of a file is cut off, by us. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A splitter: a line ends at LF, one CR before it goes, a byte order mark at offset 0 goes, empty lines
 * are left out, and invalid UTF-8 becomes U+FFFD. Holds one line of `maxLineBytes` at most, besides the
 * chunk in hand.
 */
export function createLineSplitter(options: LineSplitterOptions): LineSplitter {
  return new Splitter(options.maxLineBytes, options.offset ?? 0);
}

class Splitter implements LineSplitter {
  readonly #maxBytes: number;
  #offset: number;
  /** The beginning of a line whose end has not come yet. */
  #held: Uint8Array = new Uint8Array(1024);
  #heldBytes = 0;
  /** Bytes of that line so far; more than are held when it is too long. */
  #lineBytes = 0;
  #lastByte = 0;
  #atStart: boolean;

  constructor(maxBytes: number, offset: number) {
    this.#maxBytes = maxBytes;
    this.#offset = offset;
    this.#atStart = offset === 0;
  }

  get offset(): number {
    return this.#offset;
  }

  get lineOffset(): number {
    return this.#offset - this.#lineBytes;
  }

  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    const start = this.#isMidLine ? this.#finish(chunk, lines) : 0;
    const end = Math.max(start, chunk.lastIndexOf(LF) + 1);
    if (end > start) this.#split(chunk.subarray(start, end), lines);
    this.#hold(chunk.subarray(end));
    return lines;
  }

  end(): Line | undefined {
    const lines: Line[] = [];
    this.#take(lines, false);
    return lines[0];
  }

  /** Whether what comes next belongs to a line in hand; the first may begin with a byte order mark. */
  get #isMidLine(): boolean {
    return this.#lineBytes > 0 || this.#atStart;
  }

  /** Takes the rest of the line in hand; returns where the next one begins. */
  #finish(chunk: Uint8Array, lines: Line[]): number {
    const lf = chunk.indexOf(LF);
    if (lf === -1) return 0;
    this.#hold(chunk.subarray(0, lf));
    this.#offset += 1;
    this.#take(lines, true);
    return lf + 1;
  }

  /** Whole lines, decoded in one go: LF is never a part of another character, valid or not. */
  #split(bytes: Uint8Array, lines: Line[]): void {
    const text = decoder.decode(bytes);
    // Equal lengths mean one unit a byte, so that places in the text are places in the bytes.
    const isPlain = text.length === bytes.length;
    const base = this.#offset;
    let from = 0;
    for (let start = 0; start < text.length;) {
      const lf = text.indexOf("\n", start);
      const to = isPlain ? lf : bytes.indexOf(LF, from);
      const end = lf > start && text.charCodeAt(lf - 1) === CR ? lf - 1 : lf;
      const byteCount = to - from - (lf - end);
      const endOffset = base + to + 1;
      if (byteCount > this.#maxBytes) {
        lines.push(this.#cut(bytes.subarray(from, from + byteCount), byteCount, endOffset));
      } else if (end > start) {
        lines.push({ text: text.slice(start, end), endOffset });
      }
      start = lf + 1;
      from = to + 1;
    }
    this.#offset = base + bytes.length;
  }

  /** Adds to the line in hand what still fits, and counts the rest. */
  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const room = this.#maxBytes + SPARE_BYTES - this.#heldBytes;
    const kept = bytes.length <= room ? bytes : bytes.subarray(0, room);
    this.#reserve(this.#heldBytes + kept.length);
    this.#held.set(kept, this.#heldBytes);
    this.#heldBytes += kept.length;
    this.#lineBytes += bytes.length;
    this.#lastByte = bytes[bytes.length - 1] as number;
    this.#offset += bytes.length;
  }

  #reserve(size: number): void {
    if (size <= this.#held.length) return;
    const grown = new Uint8Array(
      Math.min(Math.max(size, 2 * this.#held.length), this.#maxBytes + SPARE_BYTES),
    );
    grown.set(this.#held.subarray(0, this.#heldBytes));
    this.#held = grown;
  }

  /** Gives the line in hand out; `offset` stands after its LF already. */
  #take(lines: Line[], endsInLf: boolean): void {
    const count = this.#lineBytes;
    const from = this.#atStart && startsWithBom(this.#held.subarray(0, this.#heldBytes))
      ? BOM_BYTES
      : 0;
    const end = endsInLf && count > 0 && this.#lastByte === CR ? count - 1 : count;
    const held = this.#held.subarray(from, Math.min(end, this.#heldBytes));
    if (end - from > this.#maxBytes) lines.push(this.#cut(held, end - from, this.#offset));
    else if (end > from) lines.push({ text: decoder.decode(held), endOffset: this.#offset });
    this.#heldBytes = 0;
    this.#lineBytes = 0;
    this.#atStart = false;
  }

  #cut(bytes: Uint8Array, originalBytes: number, endOffset: number): Line {
    const text = decoder.decode(bytes.subarray(0, characterBorder(bytes, this.#maxBytes)));
    return { text, endOffset, originalBytes };
  }
}

function startsWithBom(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** The last place up to `max`, at most three bytes before it, that is not inside a character. */
function characterBorder(bytes: Uint8Array, max: number): number {
  let lead = max;
  while (lead > 0 && lead > max - 3 && isContinuation(bytes[lead])) lead--;
  return lead + characterBytes(bytes[lead]) > max ? lead : max;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** How many bytes a character has that begins with `byte`. */
function characterBytes(byte: number | undefined): number {
  if (byte === undefined || byte < 0xc0) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}
