const NAME_LIMIT = 128;
/** A longer line is cut as text: to parse it would hold the writer up. Our own records end here. */
const PARSE_LIMIT = 1024 * 1024;
/** Bytes of UTF-8 that may follow the first one of a character. */
const MAX_FOLLOWING = 3;

interface Cuttable {
  readonly time?: unknown;
  readonly level?: unknown;
  readonly msg: string;
  readonly logger?: unknown;
  readonly truncated?: unknown;
  readonly fields?: unknown;
}

/**
 * Makes a line fit `limit` bytes, LF included, and marks it. A JSON record stays a JSON record: `time`,
 * `level` and `logger` are kept, `msg` is cut, `fields` go, and `truncated` holds the original size in
 * bytes. Any other text, and what is longer than 1 MiB, is cut between two characters and ends in a note
 * of its size. What was cut before tells the size that it had before that.
 */
export function cutRecord(line: Uint8Array, limit: number): Uint8Array {
  const size = line.length - 1;
  const record = parseRecord(line);
  const cut = record === undefined ? undefined : cutJson(record, wholeSize(record, size), limit);
  return cut ?? cutText(line, limit);
}

/** The size before any cut: the tail's own tells it, and the encoder's tells that of each part. */
function wholeSize({ truncated, fields }: Cuttable, size: number): number {
  const parts = (fields as { truncated?: unknown } | undefined)?.truncated;
  const sizes = typeof parts === "object" && parts !== null ? Object.values(parts) : [];
  const encoded = sizes.filter((part) => Number.isSafeInteger(part)).reduce((a, b) => a + b, 0);
  return Math.max(size, Number.isSafeInteger(truncated) ? truncated as number : 0, encoded);
}

function parseRecord(line: Uint8Array): Cuttable | undefined {
  if (line[0] !== 0x7b || line.length > PARSE_LIMIT) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(line));
    return typeof (value as Cuttable).msg === "string" ? value as Cuttable : undefined;
  } catch {
    return undefined;
  }
}

function cutJson(record: Cuttable, size: number, limit: number): Uint8Array | undefined {
  const { time, level } = record;
  let logger = typeof record.logger === "string" && record.logger.length <= NAME_LIMIT
    ? record.logger
    : undefined;
  let msg = wholePairs(record.msg.slice(0, limit));
  for (;;) {
    const text = JSON.stringify({ time, level, msg, logger, truncated: size }) + "\n";
    const bytes = new TextEncoder().encode(text);
    if (bytes.length <= limit) return bytes;
    if (msg === "" && logger === undefined) return undefined;
    // A name takes up to six bytes a character: a very small ring has no room for it.
    if (msg === "") logger = undefined;
    // Escapes and multi-byte characters make the text longer than its characters: shrink in proportion.
    msg = wholePairs(msg.slice(0, Math.floor(msg.length * Math.min(0.95, limit / bytes.length))));
  }
}

function wholePairs(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}

/** The border of a character at `end` or before it; any border will do in what is no UTF-8. */
function wholeCharacters(line: Uint8Array, end: number): number {
  for (let back = 0; back <= MAX_FOLLOWING && back < end; back++) {
    if (((line[end - back] ?? 0) & 0xc0) !== 0x80) return end - back;
  }
  return end;
}

/** The note of an earlier cut, at the end of a line. */
const NOTE = /… cut, (\d{1,15}) bytes\n$/;
const NOTE_LIMIT = 40;

function cutText(line: Uint8Array, limit: number): Uint8Array {
  const [, before] = NOTE.exec(new TextDecoder().decode(line.subarray(-NOTE_LIMIT))) ?? [];
  const size = Math.max(line.length - 1, Number(before ?? 0));
  const note = new TextEncoder().encode(`… cut, ${size} bytes\n`);
  const end = wholeCharacters(line, limit - note.length);
  const bytes = new Uint8Array(end + note.length);
  bytes.set(line.subarray(0, end));
  bytes.set(note, end);
  return bytes;
}
