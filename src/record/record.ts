import type { Level } from "./level.ts";

/** Structured values of a record; nested, so that no user key collides with a record's own. */
export type Fields = Readonly<Record<string, unknown>>;

/** One log record, as `transform`, subscribers and `Batch.records()` see it. */
export interface LogRecord {
  /** ISO 8601 in UTC with milliseconds, for example `2026-11-21T05:23:23.123Z`. */
  readonly time: string;
  /** The severity. */
  readonly level: Level;
  /** The message, one string of any content. */
  readonly msg: string;
  /** The name of the logger that wrote it, levels of `child` joined by a dot. */
  readonly logger?: string;
  /** The W3C trace id, 32 hexadecimal digits. */
  readonly traceId?: string;
  /** The W3C span id, 16 hexadecimal digits. */
  readonly spanId?: string;
  /** Structured values. */
  readonly fields?: Fields;
}

/** What `write` takes as a record: a message, the rest with defaults. */
export interface RecordInput {
  /** The message. */
  readonly msg: string;
  /** The severity; `info` unless given. */
  readonly level?: Level;
  /** When it happened: ISO string, milliseconds since 1970, or a Date; now unless given. */
  readonly time?: string | number | Date;
  /** The name of the logger that wrote it. */
  readonly logger?: string;
  /** The W3C trace id. */
  readonly traceId?: string;
  /** The W3C span id. */
  readonly spanId?: string;
  /** Structured values. */
  readonly fields?: Fields;
}
