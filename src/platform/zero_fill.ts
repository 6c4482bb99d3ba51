/**
 * Room at the end of a file that is already taken from the disk: zeros, written and not merely promised.
 * A sparse file would promise room that a full disk cannot give, and a store into a mapping of it ends the
 * process.
 *
 * @module
 */

/** An append file, as far as the zeros at its end are concerned. */
export interface FilledFile {
  /** Bytes in the file. */
  length(): number;
  /** Appends all bytes. */
  append(bytes: Uint8Array): void;
  /** Cuts the file to `length` bytes. */
  cut(length: number): void;
  /** The `count` bytes before `end`. */
  readBefore(end: number, count: number): Uint8Array;
}

/** Zeros end at a multiple of this, the smallest page there is; a file of another length has none. */
const FILL_UNIT_BYTES = 4096;

/** Zeros a write, and bytes a look back for their begin. */
const STEP_BYTES = 256 * 1024;
const ZEROS: Uint8Array = new Uint8Array(STEP_BYTES);

/**
 * Writes zeros behind `size` bytes up to `target`; when the disk refuses, up to `least` will do.
 *
 * @returns The size of the file then: a multiple of the unit, at least `least`
 * @throws {Error} The system's error, if not even that fits; the file is as it was
 */
export function fillWithZeros(
  file: FilledFile,
  size: number,
  least: number,
  target: number,
): number {
  try {
    for (let at = size; at < target;) {
      const count = Math.min(STEP_BYTES, target - at);
      file.append(count === STEP_BYTES ? ZEROS : ZEROS.subarray(0, count));
      at += count;
    }
    return target;
  } catch (error) {
    const reached = Math.floor(file.length() / FILL_UNIT_BYTES) * FILL_UNIT_BYTES;
    if (reached >= least) {
      file.cut(reached);
      return reached;
    }
    file.cut(size);
    throw error;
  }
}

/**
 * Cuts off the zeros that a killed process may have left at the end of a file.
 *
 * @returns The length of the file then
 */
export function cutZeros(file: FilledFile): number {
  const size = file.length();
  const length = size % FILL_UNIT_BYTES === 0 ? lengthBeforeZeros(file, size) : size;
  if (length < size) file.cut(length);
  return length;
}

function lengthBeforeZeros(file: FilledFile, size: number): number {
  for (let end = size; end > 0;) {
    const bytes = file.readBefore(end, STEP_BYTES);
    // A function called for each byte takes thirty times as long.
    let used = bytes.length;
    while (used > 0 && bytes[used - 1] === 0) used--;
    if (used > 0) return end - bytes.length + used;
    end -= bytes.length;
  }
  return 0;
}
