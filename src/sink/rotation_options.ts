/** How much of the rotated files stays. What is not given sets no limit. */
export interface KeepOptions {
  /** The most rotated files. */
  readonly count?: number;
  /** The most milliseconds since a file was rotated. */
  readonly ageMs?: number;
  /** The most bytes of all rotated files together, compressed ones as they lie on the disk. */
  readonly bytes?: number;
}

/** When a log file is rotated, and what becomes of it then. */
export interface RotationOptions {
  /**
   * The most bytes of one file. A write that would pass it goes into a new file, whole: only a write
   * that is larger by itself makes a larger file. @default no limit
   */
  readonly maxBytes?: number;
  /**
   * A new file for each hour or day (UTC), or for each stretch of so many milliseconds, at least 1,000,
   * counted from 1970. Looked at before a write: an idle writer rotates with its next one.
   * @default never
   */
  readonly every?: "hour" | "day" | number;
  /** Which rotated files stay. @default all of them */
  readonly keep?: KeepOptions;
  /** Whether rotated files are compressed in the background. @default {false} */
  readonly gzip?: boolean;
}

/** The options with every default in place. */
export interface RotationSettings {
  readonly maxBytes: number;
  /** `undefined`: time does not rotate. */
  readonly everyMs: number | undefined;
  readonly keep: Required<KeepOptions>;
  readonly gzip: boolean;
}

const WORDS: Readonly<Record<string, number>> = { hour: 3_600_000, day: 86_400_000 };
const MIN_EVERY_MS = 1000;

/**
 * Checks the options and puts the defaults in.
 *
 * @throws {TypeError} If `every` is a word it does not know, or an option is of the wrong kind
 * @throws {RangeError} If a number is out of range
 */
export function rotationSettings(options: RotationOptions): RotationSettings {
  const { maxBytes, every, keep = {}, gzip = false } = options;
  if (typeof gzip !== "boolean") {
    throw new TypeError(`The option "gzip" must be true or false, not ${shown(gzip)}`);
  }
  if (typeof keep !== "object" || keep === null) {
    throw new TypeError(
      `The option "keep" must be an object such as { count: 14 }, not ${shown(keep)}`,
    );
  }
  return {
    maxBytes: limit("maxBytes", maxBytes, 1),
    everyMs: every === undefined ? undefined : everyMs(every),
    keep: {
      count: limit("keep.count", keep.count, 0),
      ageMs: limit("keep.ageMs", keep.ageMs, 0),
      bytes: limit("keep.bytes", keep.bytes, 0),
    },
    gzip,
  };
}

function limit(name: string, value: number | undefined, least: number): number {
  if (value === undefined) return Infinity;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(
    `The option "${name}" must be a whole number from ${least}, not ${shown(value)}`,
  );
}

function everyMs(every: NonNullable<RotationOptions["every"]>): number {
  const ms = typeof every === "string" && Object.hasOwn(WORDS, every) ? WORDS[every] : every;
  if (typeof ms !== "number") {
    throw new TypeError(
      `The option "every" must be "hour", "day" or a number of milliseconds, not ${shown(every)}`,
    );
  }
  if (Number.isSafeInteger(ms) && ms >= MIN_EVERY_MS) return ms;
  throw new RangeError(
    `The option "every" must be a whole number of milliseconds from ${MIN_EVERY_MS}, not ${ms}`,
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}
