/** Settings of the buffer, the write-ahead log, its store and the dead letters. */
import type { Overflow } from "../buffer/overflow.ts";
import { leaf, section, type Setting } from "./setting.ts";
import { countOrUnlimited, duration, flag, oneOf, size, sizeOrAll, text, whole } from "./value.ts";

/** The buffer between callers and log. */
export interface BufferSettings {
  readonly type?: "memory";
  readonly size?: number;
  readonly min_size?: number;
  readonly max_bytes?: number;
  readonly backpressure_strategy?: Overflow;
  readonly sample_rate?: number;
  readonly block_timeout?: number;
  readonly reserve?: number;
  readonly max_waiters?: number;
}

/** The slots of so many take 128 MiB before the first record comes. */
const MAX_ITEMS = 10_000_000;

const OVERFLOWS: Readonly<Record<string, Overflow>> = {
  block: "block",
  // What the word means where it stands alone in other systems: the oldest goes.
  drop: "drop-oldest",
  "drop-oldest": "drop-oldest",
  "drop-newest": "drop-newest",
  sample: "sample",
  warn: "warn",
};
const OVERFLOW_NAMES = Object.keys(OVERFLOWS);

const overflow: Setting<Overflow> = leaf(
  "What a full buffer does: block refuses (append waits), drop and drop-oldest give up the oldest, " +
    "drop-newest refuses, sample takes one in sample_rate, warn refuses with one warning (default block)",
  {
    allowed: OVERFLOW_NAMES.map((name) => `"${name}"`).join(", "),
    read: (value) =>
      typeof value === "string" && Object.hasOwn(OVERFLOWS, value) ? OVERFLOWS[value] : undefined,
    json: { enum: OVERFLOW_NAMES },
    names: OVERFLOW_NAMES,
  },
);

/** The buffer between callers and log. */
export const bufferSection: Setting<BufferSettings> = section(
  "The buffer between callers and log",
  {
    type: oneOf("Where the buffer is; what must survive is the business of wal", ["memory"]),
    size: whole("Records it holds (default 10000)", { min: 1, max: MAX_ITEMS }),
    min_size: whole(
      "Records it begins with: it grows up to size under load, and shrinks when idle",
      {
        min: 1,
        max: MAX_ITEMS,
      },
    ),
    max_bytes: size("Bytes it holds (default 16MiB)", { min: 1 }),
    backpressure_strategy: overflow,
    sample_rate: whole(
      "With sample: one in so many is taken while the buffer is full (default 10)",
      {
        min: 1,
      },
    ),
    block_timeout: duration("How long a call that waits for room waits (default: without end)"),
    reserve: whole("Records, of size, that only level error and above may use (default 0)"),
    max_waiters: whole("Calls that may wait for room at once (default 10000)", { min: 1 }),
  },
  { aliases: { overflow: "backpressure_strategy", capacity: "size", sample_every: "sample_rate" } },
);

/** The write-ahead log. */
export interface WalSettings {
  readonly enabled?: boolean;
  readonly dir?: string;
  readonly segment_size?: number;
  readonly max_segments?: number;
  readonly sync?: "always" | "interval" | "never";
  readonly sync_interval?: number;
  readonly retain?: number | "all";
  readonly retain_age?: number;
  readonly max_bytes?: number;
  readonly window_bytes?: number;
  readonly on_damage?: "refuse" | "quarantine";
  readonly on_limit?: "drop" | "block";
  readonly compaction_policy?: "size" | "time" | "manual";
}

/** The write-ahead log. */
export const walSection: Setting<WalSettings> = section(
  "The write-ahead log: what keeps records over a crash. It is on where this section stands",
  {
    enabled: flag("Whether there is a log on disk (default true)"),
    dir: text("Its folder (default .logflume)", "paths"),
    segment_size: size("A segment is closed at this size (default 64MiB)", { min: 4096 }),
    max_segments: countOrUnlimited("The log is full beyond this many segments", { min: 1 }),
    sync: oneOf("When a record counts as durable (default always; interval with sync_interval)", [
      "always",
      "interval",
      "never",
    ]),
    sync_interval: duration("With sync: interval, the longest time unsynced (default 500ms)", {
      min: 1,
      max: 2 ** 31 - 1,
    }),
    retain: sizeOrAll("Delivered records to keep for history and replay (default 64MiB)"),
    retain_age: duration("Delivered records older than this go even so (default: none)"),
    max_bytes: size("The log is full at this size (default 4GiB)", { min: 16_384 }),
    window_bytes: size("Newest records kept in memory for readers that keep up (default 4MiB)"),
    on_damage: oneOf("What is done about damage (default quarantine)", ["refuse", "quarantine"]),
    on_limit: oneOf(
      "At the limit: drop takes the oldest from the sinks that lag, block refuses new records " +
        "(default drop)",
      ["drop", "block"],
    ),
    compaction_policy: oneOf("Taken, without effect: segments go when they are delivered", [
      "size",
      "time",
      "manual",
    ]),
  },
  { aliases: { path: "dir", folder: "dir", segment_bytes: "segment_size" } },
);

/** Where the log is kept. */
export interface StoreSettings {
  readonly type?: "file" | "sqlite" | "memory";
  readonly path?: string;
}

/** Where the log is kept. */
export const storeSection: Setting<StoreSettings> = section(
  "Where the log is kept, if not in the folder wal.dir",
  {
    type: oneOf("file: a folder; sqlite: a file; memory: nothing survives (default file)", [
      "file",
      "sqlite",
      "memory",
    ]),
    path: text("The folder, or the SQLite file", "paths"),
  },
  { aliases: { dir: "path" } },
);

/** Records that could not be delivered. */
export interface DeadLetterSettings {
  readonly enabled?: boolean;
  readonly dir?: string;
  readonly max_size?: number;
  readonly max_bytes?: number;
  readonly max_age?: number;
  readonly max_replays?: number;
  readonly on_full?: "evict" | "park";
  readonly flush_interval?: number;
}

/** Records that could not be delivered. */
export const deadLetterSection: Setting<DeadLetterSettings> = section(
  "Records that could not be delivered",
  {
    enabled: flag("Taken for its word; false has no effect, since dead letters are always kept"),
    dir: text("Their folder (default: beside the log's segments, in dead-letters)", "paths"),
    max_size: countOrUnlimited("Entries kept (default 10000)", { min: 1 }),
    max_bytes: size("Bytes kept (default 64MiB)", { min: 1 }),
    max_age: duration("An entry goes after this time (default 7d)", { min: 1 }),
    max_replays: countOrUnlimited(
      "A replay passes over what failed in so many replays (default 3)",
    ),
    on_full: oneOf("When there is no room: evict the oldest, or park the sink (default evict)", [
      "evict",
      "park",
    ]),
    flush_interval: duration(
      "Taken, without effect: each entry is durable before its record is let go",
    ),
  },
  { aliases: { max_entries: "max_size" } },
);
