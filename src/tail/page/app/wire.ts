/**
 * What the page understands of the server's messages. Keys that a server does not send yet are
 * optional, so that one page speaks to servers of either age.
 *
 * @module
 */

/** A record as it stands in the log; every key may be missing or of another type. */
export interface WireRecord {
  readonly time?: unknown;
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly logger?: unknown;
  readonly traceId?: unknown;
  readonly spanId?: unknown;
  readonly fields?: unknown;
  /** Bytes of the whole record, when it was cut. */
  readonly truncated?: unknown;
}

/** First: which run this is, and what can be had of it. */
export interface WireHello {
  readonly t: "hello";
  readonly run: string;
  readonly first: number;
  readonly last: number;
  /** The time between two heartbeats, in milliseconds. */
  readonly hb: number;
  /** Only servers that understand `ack`, `pause` and `filter` name their limits. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** Records; `to` also covers those that the filter left out. */
export interface WireBatch {
  readonly t: "b";
  /** Replayed or live. */
  readonly ph: "r" | "l";
  readonly from: number;
  readonly to: number;
  readonly r: readonly (readonly [seq: number, record: WireRecord | string])[];
}

/** Records that do not come. */
export interface WireGap {
  readonly t: "gap";
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly why: string;
  /** Whether they can be fetched all the same. */
  readonly back?: boolean;
}

/** Any message of the server. */
export type WireMessage =
  | WireHello
  | WireBatch
  | WireGap
  | { readonly t: "live"; readonly seq: number }
  | { readonly t: "hb"; readonly last: number; readonly lag: number; readonly skipped?: number }
  | { readonly t: "scan"; readonly at: number; readonly found: number; readonly done: boolean }
  | { readonly t: "pong"; readonly n: number }
  | {
    readonly t: "err";
    readonly code: number;
    readonly msg: string;
    readonly column?: number;
  };
