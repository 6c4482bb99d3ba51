import type { FileStore } from "../storage/store.ts";
import { FrameScanner } from "./scan.ts";
import { seekFrame } from "./seek.ts";
import type { Segment } from "./segment.ts";

/** A place in a chain of segments: between two frames. */
export interface Place {
  /** Which segment, counted from the oldest. */
  readonly index: number;
  /** The byte in it. */
  readonly offset: number;
  /** The number of the record that stands there, or would. */
  readonly seq: number;
}

/** The frame that holds the record `seq`, or the end of the segment if that is the next one after it. */
export async function frameAt(
  store: FileStore,
  segment: Segment,
  seq: number,
): Promise<{ offset: number; seq: number }> {
  // Whatever stands at its beginning: it may be damaged.
  if (seq <= segment.header.first) return { offset: segment.header.head, seq };
  const file = await store.openFile(segment.name, "read");
  const scanner = new FrameScanner(file, store, segment.header.salt);
  try {
    let offset = await seekFrame(scanner, segment, seq);
    for (;;) {
      const found = await scanner.at(offset, segment.end);
      if (found.kind === "end") return { offset: segment.end, seq };
      if (found.kind === "invalid") {
        const next = await scanner.findFrame(offset + 1, segment.end);
        if (next === undefined) return { offset: segment.end, seq };
        offset = next.offset;
        continue;
      }
      const { header, end } = found.frame;
      if (header.seq + header.n > seq) return { offset, seq: Math.min(seq, header.seq) };
      offset = end;
    }
  } finally {
    file.close();
  }
}
