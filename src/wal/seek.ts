import type { FrameScanner } from "./scan.ts";
import type { Segment } from "./segment.ts";

/** Below this many bytes the frames are read one after another. */
const SCAN_BYTES = 256 * 1024;

/**
 * Where to begin to read a segment to come to the record `seq`: at a frame that begins at or before it,
 * close to it. Every frame tells its sequence number and can be found from any byte on, so halving the
 * segment finds the place without an index: eight steps for 64 MiB.
 */
export async function seekFrame(
  scanner: FrameScanner,
  segment: Segment,
  seq: number,
): Promise<number> {
  let low = segment.header.head;
  let high = segment.end;
  while (high - low > SCAN_BYTES) {
    const middle = low + Math.floor((high - low) / 2);
    const found = await scanner.findFrame(middle, high);
    if (found === undefined || found.header.seq > seq) high = middle;
    else low = found.offset;
  }
  return low;
}
