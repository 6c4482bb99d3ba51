import type { LogChunk } from "./store.ts";

/** The part of a chunk from the record `seq` on; undefined if it ends before. */
export function chunkFrom(chunk: LogChunk, seq: number): LogChunk | undefined {
  let skip = seq - chunk.firstSeq;
  if (skip <= 0) return chunk;
  if (skip >= chunk.count) return undefined;
  const count = chunk.count - skip;
  let at = 0;
  while (skip-- > 0) at = chunk.bytes.indexOf(0x0a, at) + 1;
  return { firstSeq: seq, count, bytes: chunk.bytes.subarray(at) };
}
