import type { OpenInput } from "./open_input.ts";

/** The last bytes of whole lines that were read, by which a place in a file is known again. */
export interface ReadAnchor {
  /** The offset after them, where the next line begins. */
  readonly end: number;
  /** At most 256 of them; none if no line was read. */
  readonly bytes: Uint8Array;
}

/** Lines that begin with a time are told apart by much less. */
const MAX_BYTES = 256;
/** What is left of a file that became shorter must be as long, to be believed to be what was read. */
const MIN_LEFT_BYTES = 32;
const LF = 10;

/** The anchor before the first line. */
export const NO_ANCHOR: ReadAnchor = { end: 0, bytes: new Uint8Array(0) };

/** The anchor after `chunk` was read at `offset`; the chunk may change afterwards. */
export function anchorAfter(before: ReadAnchor, chunk: Uint8Array, offset: number): ReadAnchor {
  const count = chunk.lastIndexOf(LF) + 1;
  if (count === 0) return before;
  const own = chunk.subarray(Math.max(0, count - MAX_BYTES), count);
  // Lines that come one by one would leave a short anchor each.
  const kept = before.end === offset ? MAX_BYTES - own.length : 0;
  const older = before.bytes.subarray(before.bytes.length - Math.min(kept, before.bytes.length));
  const bytes = new Uint8Array(older.length + own.length);
  bytes.set(older);
  bytes.set(own, older.length);
  return { end: offset + count, bytes };
}

/** The anchor of a place up to which an earlier run has read. */
export async function anchorAt(input: OpenInput, end: number): Promise<ReadAnchor> {
  const bytes = new Uint8Array(Math.min(end, MAX_BYTES));
  if (bytes.length === 0) return NO_ANCHOR;
  const count = await input.read(bytes, end - bytes.length);
  return count === bytes.length ? { end, bytes } : NO_ANCHOR;
}

/** Whether the bytes stand where they were read. */
export async function holdsAnchor(input: OpenInput, { end, bytes }: ReadAnchor): Promise<boolean> {
  if (bytes.length === 0) return true;
  const found = new Uint8Array(bytes.length);
  const count = await input.read(found, end - bytes.length);
  return count === bytes.length && isSame(found, bytes);
}

/**
 * What is left of an anchor in a file of which the end was cut off, where reading goes on; undefined if
 * what stands there is not what was read, or too short to tell.
 */
export async function anchorLeft(
  input: OpenInput,
  { end, bytes }: ReadAnchor,
): Promise<ReadAnchor | undefined> {
  const start = end - bytes.length;
  const left = bytes.subarray(0, Math.max(0, await input.size() - start));
  if (left.length < MIN_LEFT_BYTES) return undefined;
  const anchor = { end: start + left.length, bytes: left };
  return await holdsAnchor(input, anchor) ? anchor : undefined;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, at) => byte === other[at]);
}
