import type { AppendFile } from "../platform/append_file.ts";
import { endOfLine, LF } from "./line_ends.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * Lines into a pipe or a device, which may take a piece of a write and gives nothing back: a line that was
 * begun is finished before anything else.
 */
export class PipeLines {
  /** The rest of a line of which the pipe has taken the beginning. */
  #rest: Uint8Array = NO_BYTES;
  /** Bytes of the `append` that failed last which are out, or will be: up to the end of a line. */
  taken = 0;

  /** Appends whole lines; throws in the middle when the pipe refuses. */
  append(pipe: AppendFile, bytes: Uint8Array): void {
    this.taken = 0;
    this.finish(pipe);
    let offset = 0;
    try {
      while (offset < bytes.length) offset += appendSome(pipe, bytes.subarray(offset));
    } catch (error) {
      const isMidLine = offset > 0 && bytes[offset - 1] !== LF;
      this.taken = isMidLine ? endOfLine(bytes, offset) : offset;
      this.#rest = bytes.slice(offset, this.taken);
      throw error;
    }
  }

  /** Finishes a line that was begun. */
  finish(pipe: AppendFile): void {
    while (this.#rest.length > 0) {
      this.#rest = this.#rest.subarray(appendSome(pipe, this.#rest));
    }
  }

  /** Another pipe has the path: a line that was begun in the old one ends there. */
  forget(): void {
    this.#rest = NO_BYTES;
  }
}

function appendSome(pipe: AppendFile, bytes: Uint8Array): number {
  if (pipe.appendSome !== undefined) return pipe.appendSome(bytes);
  pipe.append(bytes);
  return bytes.length;
}
