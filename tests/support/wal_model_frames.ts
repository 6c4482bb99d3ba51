import { crc32Of } from "../../src/storage/crc32.ts";

/** A frame as it lies in a segment's file, found by its own eyes rather than by the log's. */
export interface FoundFrame {
  /** Where its header begins. */
  readonly offset: number;
  /** Where its body begins. */
  readonly body: number;
  /** Where it ends. */
  readonly end: number;
  /** Where the header's checksum ends; blanks follow. */
  readonly covered: number;
  /** The number of its first record. */
  readonly seq: number;
  /** How many records it has. */
  readonly n: number;
}

/** The frames that hold records, in a segment's bytes that nobody has spoiled yet. */
export function framesOf(bytes: Uint8Array): FoundFrame[] {
  const text = new TextDecoder("latin1").decode(bytes);
  const frames: FoundFrame[] = [];
  for (const { index } of text.matchAll(/^\{"\$":"frame",/gm)) {
    const lf = text.indexOf("\n", index);
    if (lf < 0) break;
    const line = text.slice(index, lf);
    const { seq, n, len, head } = JSON.parse(line) as Record<string, number>;
    const body = index + head!;
    // Behind the checksum nothing is believed, so nothing can be damaged.
    const covered = index + line.trimEnd().length - 2;
    if (n! > 0) frames.push({ offset: index, body, end: body + len!, covered, seq: seq!, n: n! });
  }
  return frames;
}

/** A header line as the log writes them: JSON, its checksum, blanks up to a multiple of 256 bytes. */
export function headerLine(value: Readonly<Record<string, unknown>>): Uint8Array {
  const encoder = new TextEncoder();
  const room = 256 * Math.ceil((JSON.stringify(value).length + 40) / 256);
  const text = JSON.stringify({ ...value, head: room }).slice(0, -1);
  const crc = crc32Of(encoder.encode(text)).toString(16).padStart(8, "0");
  return encoder.encode(`${text},"crc":"${crc}"}`.padEnd(room - 1) + "\n");
}
