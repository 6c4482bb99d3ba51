/**
 * What the page's window and its Worker say to each other. The Worker holds the rows; the window only
 * ever knows the few that it draws.
 *
 * @module
 */

/** A piece of text and the classes it is drawn with; no classes is the empty string. */
export type Piece = readonly [text: string, classes: string];

/** A value deep inside a record, as one line of the unfolded block. */
export interface DetailLine {
  /** How deep it lies. */
  readonly depth: number;
  /** The last part of its path. */
  readonly name: string;
  /** What a filter calls it, for example `user.id`. */
  readonly path: string;
  /** Its text; undefined for an object or a list, whose values follow. */
  readonly value: string | undefined;
  /** What kind of value it is, for its colour. */
  readonly kind: "string" | "number" | "boolean" | "null" | "group";
}

/** Everything about one record, for the unfolded block. */
export interface Details {
  readonly seq: number;
  readonly message: readonly Piece[];
  readonly lines: readonly DetailLine[];
  /** Values left out because there are too many. */
  readonly omitted: number;
  /** Bytes of the whole record when it was cut; 0 otherwise. */
  readonly wholeBytes: number;
  /** The record as JSON, for the clipboard. */
  readonly json: string;
}

/** A row that is drawn as a record. */
export interface RecordRow {
  readonly kind: "record";
  readonly id: number;
  readonly seq: number;
  readonly level: number;
  /** Unix time in milliseconds; NaN if the record has none. */
  readonly time: number;
  readonly logger: string;
  readonly message: readonly Piece[];
  readonly fields: readonly Piece[];
  /** Bytes of the whole record when it was cut; 0 otherwise. */
  readonly wholeBytes: number;
  /** Whether the find text occurs in it. */
  readonly hit: boolean;
  /** Present when the row is unfolded. */
  readonly details?: Details;
}

/** A row that stands for records which are not here. */
export interface GapRow {
  readonly kind: "gap";
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly why: string;
  /** Whether the missing records can be fetched, are on their way, or are gone for good. */
  readonly fetch: "offered" | "running" | "failed" | "none";
}

/** A row of the window. */
export type Row = RecordRow | GapRow;

/** How the page stands with the server. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "replay" }
  | { readonly kind: "live" }
  | { readonly kind: "behind"; readonly n: number }
  | { readonly kind: "lost"; readonly why: string; readonly retryAt: number }
  | { readonly kind: "refused"; readonly why: string; readonly retryAt: number }
  /** The server wants a token; so many that it was given it did not take. */
  | { readonly kind: "sign-in"; readonly wrong: number };

/** Where the find stands. */
export interface FindState {
  readonly text: string;
  /** Rows found so far. */
  readonly count: number;
  /** Which of them is the current one, from 1; 0 for none. */
  readonly at: number;
  readonly done: boolean;
}

/** What the Worker shows of itself. At most one is on its way: the next waits for `drawn`. */
export interface Snapshot {
  readonly t: "snapshot";
  readonly tick: number;
  /** Changes when row numbers lose their meaning: after a filter, a fetched gap, a new run. */
  readonly version: number;
  /** The number of the oldest row of the view; rises as old rows leave. */
  readonly base: number;
  /** Rows in the view. */
  readonly count: number;
  /** The number of `rows[0]`. */
  readonly start: number;
  readonly rows: readonly Row[];
  readonly link: Link;
  readonly run: string;
  /** Rows held, by level. */
  readonly levels: readonly number[];
  readonly held: number;
  /** Records that filters left out, here or at the server. */
  readonly hidden: number;
  /** All records that came since the page was opened. */
  readonly received: number;
  /** Records of the view that came since following ended. */
  readonly unseen: number;
  /** Records that wait at the server while the page is paused for long. */
  readonly waiting: number;
  /** Records a second, over the last seconds. */
  readonly rate: number;
  readonly find: FindState | undefined;
  /** What is wrong with the filter; undefined if nothing is. */
  readonly filterError: { readonly message: string; readonly column: number } | undefined;
  /** Set while the server scans back for matches. */
  readonly scan: { readonly at: number; readonly found: number } | undefined;
  /** Whether the server filters, and answers for a part of the log. */
  readonly speaks: boolean;
  /** Terms of the filter, so that the page can mark them. */
  readonly filterText: string;
}

/** What a bucket of the counts over time tells apart: info and below, warnings, errors and fatal ones. */
export const SEVERITIES = 3;

/** Counts of the rows in view over time, in buckets of one width that follow each other. */
export interface HistogramData {
  /** Where the first bucket begins, in milliseconds since 1970. */
  readonly startMs: number;
  readonly widthMs: number;
  /** Three counts a bucket: info and below, warnings, errors and fatal ones. */
  readonly counts: Uint32Array;
}

/** What the Worker says. */
export type FromWorker =
  | Snapshot
  /** The counts have changed. */
  | { readonly t: "histogram"; readonly data: HistogramData }
  /** Show this row: a find, a jump or an address led there. */
  | {
    readonly t: "goto";
    readonly index: number;
    readonly id: number;
    readonly version: number;
    /** Whether it is the row that was in sight before, which is to stay where it was. */
    readonly keeps: boolean;
  }
  /** Answers `jumpTime`: a `goto` follows, now or when the server has sent that part of the log. */
  | { readonly t: "moment"; readonly found: "here" | "asked" }
  /** Answers `jumpTime`: all rows are before it; `newest` is the time of the last one. */
  | { readonly t: "moment"; readonly found: "nowhere"; readonly newest: number | undefined }
  /** Nothing was found where a jump should have led. */
  | { readonly t: "nowhere"; readonly what: string }
  /** Text that was asked for by `copy` or `export`. */
  | {
    readonly t: "text";
    readonly ask: number;
    readonly text: string;
    readonly count: number;
  };

/** What the window says. */
export type ToWorker =
  | {
    readonly t: "open";
    /** The page's own address without query and hash. */
    readonly url: string;
    readonly query: string;
    readonly levels: readonly boolean[];
    readonly marks: readonly string[];
    /** The record to show first; undefined for the newest. */
    readonly seq: number | undefined;
    /** What the reader signs in with; undefined if nobody asked for it. */
    readonly token: string | undefined;
  }
  /** The reader has signed in. */
  | { readonly t: "token"; readonly token: string }
  /** The last snapshot is drawn, so the next may come. */
  | { readonly t: "drawn"; readonly tick: number }
  /** Which rows are in sight; while following, only how many. */
  | {
    readonly t: "sight";
    readonly version: number;
    readonly start: number;
    readonly end: number;
    readonly follow: boolean;
  }
  | { readonly t: "query"; readonly query: string; readonly keepId: number | undefined }
  | {
    readonly t: "levels";
    readonly levels: readonly boolean[];
    readonly keepId: number | undefined;
  }
  | { readonly t: "marks"; readonly marks: readonly string[] }
  | { readonly t: "find"; readonly text: string | undefined; readonly near: number }
  | { readonly t: "findStep"; readonly step: 1 | -1; readonly near: number }
  | { readonly t: "jumpError"; readonly step: 1 | -1; readonly near: number }
  | { readonly t: "jumpSeq"; readonly seq: number }
  /** To the first row at or after a moment, which the server is asked for if it lies before all rows. */
  | { readonly t: "jumpTime"; readonly time: number }
  /** To the first row of a stretch of time, the end excluded. */
  | { readonly t: "jumpBar"; readonly from: number; readonly to: number }
  | { readonly t: "unfold"; readonly id: number; readonly open: boolean }
  | { readonly t: "fetchGap"; readonly id: number; readonly keepId: number | undefined }
  | {
    readonly t: "text";
    readonly ask: number;
    readonly form: "text" | "ndjson";
    /** Row numbers, the end excluded; without them the whole view. */
    readonly range: readonly [start: number, end: number] | undefined;
  }
  | { readonly t: "clear" }
  /** The window came back to sight, or the network to life. */
  | { readonly t: "wake" };
