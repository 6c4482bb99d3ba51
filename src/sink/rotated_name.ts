/** What the name of a rotated file says. */
export interface RotatedName {
  /** Its place in the series. */
  readonly number: number;
  /** When it was rotated, in milliseconds since 1970, in whole seconds. */
  readonly time: number;
  /** `part` is a compressed copy that was not finished. */
  readonly form: "plain" | "gzip" | "part";
}

/** The names of the files that one active file leaves behind. */
export interface NameSeries {
  /** The name of a file that is rotated now. */
  nameOf(number: number, timeMs: number): string;
  /** Reads a name; `undefined` for a file that is not of this series. */
  parse(name: string): RotatedName | undefined;
}

/** What a compressed file's name ends in. */
export const GZIP_ENDING = ".gz";
/** What its name ends in until it is whole. */
export const PART_ENDING = ".part";

/** Of a name with one of these endings the whole is the stem: `app.gz` must not look compressed. */
const NO_EXTENSION: readonly string[] = [GZIP_ENDING, PART_ENDING];
/** So many digits that sorting by name is sorting by number for the first million files. */
const DIGITS = 6;
/** The last second that a year of four digits holds. */
const MAX_TIME_MS = 253_402_300_799_000;
const MIDDLE = /^(\d{6,15})\.(\d{4}-\d\d-(\d\d))T(\d\d)-(\d\d)-(\d\d)Z$/;

/**
 * The series of an active file's name, without its folder: `app.log` leaves
 * `app.000042.2026-11-21T10-54-23Z.log` behind, and `.gz` after it once compressed. The number comes
 * first, so that sorting by name is the order in which they were written even if the clock was set back.
 *
 * No two active files of a folder share a name: what lies between stem and extension is told from a
 * name with dots by its form, and no extension holds a dot.
 */
export function nameSeries(base: string): NameSeries {
  const { stem, extension } = split(base);
  const head = `${stem}.`;
  return {
    nameOf: (number, timeMs) =>
      `${head}${String(number).padStart(DIGITS, "0")}.${stamp(timeMs)}${extension}`,
    parse(name) {
      const { plain, form } = strip(name);
      if (!plain.startsWith(head) || !plain.endsWith(extension)) return undefined;
      return readMiddle(plain.slice(head.length, plain.length - extension.length), form);
    },
  };
}

function split(base: string): { stem: string; extension: string } {
  const dot = base.lastIndexOf(".");
  // The dot of a hidden file begins its name, not its extension.
  const extension = dot > 0 ? base.slice(dot) : "";
  if (extension === "" || NO_EXTENSION.includes(extension.toLowerCase())) {
    return { stem: base, extension: "" };
  }
  return { stem: base.slice(0, dot), extension };
}

function stamp(timeMs: number): string {
  const inRange = Math.min(Math.max(timeMs, 0), MAX_TIME_MS);
  return `${new Date(inRange).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
}

function strip(name: string): { plain: string; form: RotatedName["form"] } {
  for (
    const [ending, form] of [[GZIP_ENDING + PART_ENDING, "part"], [GZIP_ENDING, "gzip"]] as const
  ) {
    if (name.endsWith(ending)) return { plain: name.slice(0, -ending.length), form };
  }
  return { plain: name, form: "plain" };
}

function readMiddle(middle: string, form: RotatedName["form"]): RotatedName | undefined {
  const [, digits, date, day, hour, minute, second] = MIDDLE.exec(middle) ?? [];
  if (digits === undefined) return undefined;
  const time = Date.parse(`${date}T${hour}:${minute}:${second}Z`);
  // A day that the calendar does not have, which some engines take for one of the next month.
  if (new Date(time).getUTCDate() !== Number(day)) return undefined;
  return { number: Number(digits), time, form };
}
