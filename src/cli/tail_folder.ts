import type { FileStore, LogRead } from "../storage/store.ts";
import type { TailFilter } from "../tail/filter.ts";
import { createMatcher, type TailMatcher } from "../tail/filter_match.ts";
import { inspectLog, readChunks } from "../wal/inspect.ts";
import type { TailNews, TailReading } from "./tail_news.ts";
import type { TailPlace } from "./tail_options.ts";
import type { TailRow } from "./tail_rows.ts";
import { findLogs } from "./wal_folder.ts";

/** The first stretch in which the last matches are looked for; each next one is four times as long. */
const FIRST_STRETCH = 10_000;

/** What is read of a folder. */
export interface FolderTailOptions {
  /** The folder of the log. */
  readonly folder: string;
  /** Which records. */
  readonly filter: TailFilter;
  /** Where to begin. */
  readonly from: TailPlace;
  /** Whether to wait for more. */
  readonly follow: boolean;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/**
 * The records of a log in a folder, without its lock, while a pipeline may be writing to it.
 *
 * @throws {UsageError} If there is no log
 */
export function folderTail(options: FolderTailOptions): TailReading {
  const { store } = findLogs(options.folder);
  let nextSeq: number | undefined;
  async function* read(): AsyncGenerator<TailNews> {
    const matches = createMatcher(options.filter);
    const { from, filter, follow, signal } = options;
    const { nextSeq: end, ...start } = await startOf(
      store,
      from,
      isOpen(filter) ? undefined : matches,
    );
    // What was counted from the end is that many, though more is written meanwhile.
    const last = follow || end === undefined ? {} : { to: end - 1 };
    const range = { follow, signal, ...start, ...last };
    for await (const chunk of readChunks(store, range)) {
      nextSeq = endOf(chunk) ?? nextSeq;
      yield* newsOf(chunk, matches);
    }
  }
  return {
    get place() {
      return nextSeq === undefined ? undefined : String(nextSeq);
    },
    read,
  };
}

/** Whether every record passes. */
function isOpen(filter: TailFilter): boolean {
  return Object.keys(filter).length === 0;
}

function endOf(read: LogRead): number | undefined {
  if (read.kind === "lines") return read.chunk.firstSeq + read.chunk.count;
  return read.kind === "gap" ? read.gap.firstSeq + read.gap.count : undefined;
}

function* newsOf(read: LogRead, matches: TailMatcher): Generator<TailNews> {
  if (read.kind === "lines") yield { kind: "rows", rows: rowsIn(read, matches) };
  if (read.kind !== "gap") return;
  const { firstSeq, count, reason } = read.gap;
  yield { kind: "gap", gap: { from: firstSeq, to: firstSeq + count - 1, n: count, why: reason } };
}

function rowsIn(read: LogRead & { readonly kind: "lines" }, matches: TailMatcher): TailRow[] {
  const lines = new TextDecoder("utf-8", { ignoreBOM: true }).decode(read.chunk.bytes).split("\n");
  lines.pop();
  return lines
    .map((line, i) => ({ seq: read.chunk.firstSeq + i, line }))
    .filter(({ line }) => matches(line));
}

/** Where to begin: at the oldest record unless `from` is given; and the end, where it was looked for. */
interface Start {
  readonly from?: number;
  readonly nextSeq?: number;
}

async function startOf(
  store: FileStore,
  place: TailPlace,
  matches: TailMatcher | undefined,
): Promise<Start> {
  if (place.kind === "kept") return {};
  if (place.kind === "seq") return { from: place.run === undefined ? place.seq : place.seq + 1 };
  const { firstSeq, nextSeq } = await inspectLog(store);
  const count = place.kind === "last" ? place.count : 0;
  const from = matches === undefined || count === 0
    ? Math.max(firstSeq, nextSeq - count)
    : await firstMatch(store, { firstSeq, nextSeq, count, matches });
  return { from, nextSeq };
}

interface Search {
  readonly firstSeq: number;
  readonly nextSeq: number;
  readonly count: number;
  readonly matches: TailMatcher;
}

/** Where the last `count` matches begin: looks through ever longer stretches of the end. */
async function firstMatch(store: FileStore, search: Search): Promise<number> {
  const { firstSeq, nextSeq, count } = search;
  for (let length = FIRST_STRETCH;; length *= 4) {
    const from = Math.max(firstSeq, nextSeq - length);
    const found = await matchesFrom(store, from, search);
    if (found.length >= count || from === firstSeq) return found.at(-count) ?? from;
  }
}

async function matchesFrom(
  store: FileStore,
  from: number,
  { nextSeq, matches }: Search,
): Promise<number[]> {
  const found: number[] = [];
  if (from >= nextSeq) return found;
  for await (const read of readChunks(store, { from, to: nextSeq - 1 })) {
    if (read.kind !== "lines") continue;
    for (const { seq } of rowsIn(read, matches)) found.push(seq);
  }
  return found;
}
