import type { FileStore } from "../storage/store.ts";
import { type CarriedLines, writeSegment } from "./graft.ts";
import { frameAt } from "./place.ts";
import { COMPACT_NAME, type Segment } from "./segment.ts";
import { linesFrom } from "./site.ts";

/** A segment stands for no more than this, since its first line names them all. */
const MAX_PARTS = 10_000;

/**
 * Runs of segments that fit into one. Every start of a program begins a segment, and so does every
 * failed sync: a log of many short runs is many small files.
 *
 * @param segments Finished segments, oldest first
 */
export function joinableRuns(segments: readonly Segment[], segmentBytes: number): Segment[][] {
  const runs: Segment[][] = [];
  let run: Segment[] = [];
  let bytes = 0;
  let parts = 0;
  for (const segment of segments) {
    const { end, header: { joins = [] } } = segment;
    if (bytes + end > segmentBytes || parts + joins.length >= MAX_PARTS) {
      runs.push(run);
      run = [];
      bytes = parts = 0;
    }
    run.push(segment);
    bytes += end;
    parts += joins.length + 1;
  }
  return [...runs, run].filter(({ length }) => length > 1);
}

/**
 * Writes one segment that holds what a run of segments holds from the record `from` on. It bears the salt
 * of the last of them, by which the next one knows it, and names all that it stands for. It is synced
 * before it gets its name; until then nothing has changed, and from then on the old ones count for
 * nothing.
 *
 * @param endSeq The number after the last record of the run
 * @returns undefined if a part of them cannot be read: then they stay as they are, for people to look at
 */
export async function joinSegments(
  store: FileStore,
  run: readonly Segment[],
  from: number,
  endSeq: number,
): Promise<Segment | undefined> {
  const [oldest] = run as [Segment];
  const { salt, epoch, turn, boot, log, created } = run.at(-1)!.header;
  const place = from > oldest.header.first
    ? await frameAt(store, oldest, from)
    : { offset: oldest.header.head, seq: oldest.header.first };
  const joins = run.flatMap(({ header }) => [...header.joins ?? [], header.salt]);
  const { prev, inputs } = oldest.header;
  const { seq: first } = place;
  // Of all but the last one nothing is left, and what stood for them would bear its very name.
  if (first >= run.at(-1)!.header.first) return undefined;
  const header = { log, epoch, turn, boot, created, salt, first, prev, inputs, joins };
  const lines = withoutHoles(linesFrom(store, run, { index: 0, ...place }), first, endSeq);
  try {
    return await writeSegment(store, COMPACT_NAME, header, lines, endSeq);
  } catch (error) {
    if (error instanceof HoleError) return undefined;
    throw error;
  }
}

/** Records are missing where none should be. */
class HoleError extends Error {}

async function* withoutHoles(
  lines: AsyncIterable<CarriedLines>,
  first: number,
  endSeq: number,
): AsyncIterable<CarriedLines> {
  let nextSeq = first;
  for await (const carried of lines) {
    const { firstSeq, count } = carried.chunk;
    if (firstSeq > nextSeq) throw new HoleError();
    nextSeq = firstSeq + count;
    yield carried;
  }
  if (nextSeq < endSeq) throw new HoleError();
}
