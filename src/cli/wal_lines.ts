import { type StandardOutput, standardOutput } from "../platform/stdio.ts";
import type { LogChunk } from "../storage/store.ts";
import type { LineTest } from "../wal/inspect_filter.ts";

/** Lines go out in pieces of about this size: one write(2) a line would cost more than all the rest. */
const PIECE_BYTES = 256 * 1024;
/** What the longest number of a record takes, with the words around it. */
const NUMBER_BYTES = 64;

/** Puts lines on standard output. One call at a time. */
export interface LineWriter {
  /**
   * Takes the lines of a chunk that are wanted.
   *
   * @throws {SinkClosedError} If nobody reads any more
   */
  write(chunk: LogChunk): Promise<void>;
  /** Takes a line as it is. */
  put(line: string): Promise<void>;
  /** Writes what was taken. */
  flush(): Promise<void>;
}

/** A writer of the lines that pass the test; with `numbered` each with its record's number. */
export function lineWriter(
  isWanted: LineTest | undefined,
  numbered: boolean,
  output: Pick<StandardOutput, "write"> | undefined = standardOutput("stdout"),
): LineWriter {
  const encoder = new TextEncoder();
  let piece = new Uint8Array(PIECE_BYTES);
  let used = 0;

  const flush = async (): Promise<void> => {
    if (used === 0) return;
    const bytes = piece.subarray(0, used);
    used = 0;
    await output?.write(bytes);
  };
  const makeRoom = async (bytes: number): Promise<void> => {
    if (used + bytes <= piece.length) return;
    await flush();
    if (bytes > piece.length) piece = new Uint8Array(bytes);
  };
  const take = async (bytes: Uint8Array): Promise<void> => {
    await makeRoom(bytes.length);
    piece.set(bytes, used);
    used += bytes.length;
  };
  const takeText = (text: string): void => {
    used += encoder.encodeInto(text, piece.subarray(used)).written;
  };

  /** Lines that stand side by side are taken together. */
  const writeRuns = async ({ bytes }: LogChunk, test: LineTest): Promise<void> => {
    let start = 0;
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(0x0a, at);
      if (!test(bytes, at, end)) {
        if (at > start) await take(bytes.subarray(start, at));
        start = end + 1;
      }
      at = end + 1;
    }
    if (bytes.length > start) await take(bytes.subarray(start));
  };
  const writeNumbered = async ({ bytes, firstSeq }: LogChunk): Promise<void> => {
    let seq = firstSeq;
    for (let at = 0; at < bytes.length; seq++) {
      const end = bytes.indexOf(0x0a, at);
      if (isWanted === undefined || isWanted(bytes, at, end)) {
        if (used + NUMBER_BYTES + end - at > piece.length) await makeRoom(NUMBER_BYTES + end - at);
        takeText(`{"seq":${seq},"record":`);
        piece.set(bytes.subarray(at, end), used);
        used += end - at;
        takeText("}\n");
      }
      at = end + 1;
    }
  };

  return {
    write: (chunk) =>
      numbered ? writeNumbered(chunk) : isWanted ? writeRuns(chunk, isWanted) : take(chunk.bytes),
    put: (line) => take(encoder.encode(line)),
    flush,
  };
}
