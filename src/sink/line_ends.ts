import type { AppendFile } from "../platform/append_file.ts";

/** Ends a line. No byte of another character of UTF-8 has its value. */
export const LF = 10;
/** How much of a file is read at a time in search of a line's end. */
const READ_BYTES = 64 * 1024;

/** Where the line ends that is under way at `offset`: after its LF, or with the bytes. */
export function endOfLine(bytes: Uint8Array, offset: number): number {
  const at = bytes.indexOf(LF, offset);
  return at < 0 ? bytes.length : at + 1;
}

/**
 * Where the last of the whole lines ends that stand in the `most` bytes from `from` on; if the first
 * one is longer than that, where it ends itself.
 */
export function endOfLines(bytes: Uint8Array, from: number, most: number): number {
  if (bytes.length - from <= most) return bytes.length;
  const at = bytes.lastIndexOf(LF, from + most - 1);
  return at < from ? endOfLine(bytes, from + most) : at + 1;
}

/** Where the last whole line ends in the first `length` bytes of a file. */
export function endOfLinesIn(file: AppendFile, length: number): number {
  for (let end = length; end > 0;) {
    const bytes = file.readBefore(end, READ_BYTES);
    if (bytes.length === 0) return end;
    const at = bytes.lastIndexOf(LF);
    if (at >= 0) return end - bytes.length + at + 1;
    end -= bytes.length;
  }
  return 0;
}
