/** A frame as it lies in a segment's file, found by its own eyes rather than by the log's. */
export interface FoundFrame {
  /** Where its header begins. */
  readonly offset: number;
  /** Where its body begins. */
  readonly body: number;
  /** Where it ends. */
  readonly end: number;
  /** Bytes of the header that its checksum covers, and the checksum. */
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
    const covered = index + line.trimEnd().length;
    if (n! > 0) frames.push({ offset: index, body, end: body + len!, covered, seq: seq!, n: n! });
  }
  return frames;
}
