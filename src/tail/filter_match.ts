import { LEVEL_RANK, LEVELS } from "../record/level.ts";
import { levelsOf } from "./filter.ts";
import { fieldAbsences, fieldTest } from "./filter_field.ts";
import {
  type FilterRecord,
  levelOfRecord,
  rankOfHead,
  recordOfLine,
  textsOf,
  timeOfHead,
} from "./filter_record.ts";
import type { FilterPattern, TailFilter } from "./filter_shape.ts";
import { absenceTest, type TextTest, textTest } from "./filter_text.ts";

export type { FilterRecord } from "./filter_record.ts";

/**
 * Whether a line of the log, without its LF, is wanted: a JSON record, or any other text as the message
 * of one of level `info` without a time. Never throws.
 */
export type TailMatcher = (line: string) => boolean;

/** The same for a record that is parsed already. */
export type RecordMatcher = (record: FilterRecord) => boolean;

/**
 * Makes the test of a filter. Most lines that are not wanted are told by their characters; only the others
 * are parsed. A filter of levels and `since` parses no line of a logger.
 *
 * @example
 * ```ts ignore
 * const matches = createMatcher(parseQuery("level>=warn timeout"));
 * matches('{"time":"2026-11-21T10:00:00.000Z","level":"warn","msg":"Timeout"}'); // true
 * ```
 */
export function createMatcher(filter: TailFilter): TailMatcher {
  const head = headTest(filter);
  const absences = absencesOf(filter);
  const wanted = contentTest(filter);
  if (head === undefined && wanted === undefined) return () => true;
  const leftOut = exclusionOnly(filter)
    ? (filter.not ?? []).map((text) => absenceTest(text))
    : undefined;
  const matchesRecord = createRecordMatcher(filter);
  return (line) => {
    const rank = rankOfHead(line);
    if (rank >= 0) {
      if (head !== undefined && !head(rank, timeOfHead(line))) return false;
      if (wanted === undefined || leftOut?.every((isAbsent) => isAbsent(line))) return true;
    }
    if (absences.some((isAbsent) => isAbsent(line))) return false;
    const record = recordOfLine(line);
    return rank < 0 ? matchesRecord(record) : wanted!(record);
  };
}

/** Makes the test of a filter for records that are parsed already. */
export function createRecordMatcher(filter: TailFilter): RecordMatcher {
  const head = headTest(filter);
  const wanted = contentTest(filter);
  return (record) => {
    const rank = LEVEL_RANK[levelOfRecord(record)];
    if (head !== undefined && !head(rank, record.time)) return false;
    return wanted === undefined || wanted(record);
  };
}

/** Level and time, which stand at the beginning of a line. */
function headTest(filter: TailFilter): ((rank: number, time: unknown) => boolean) | undefined {
  const levels = levelsOf(filter);
  const { since } = filter;
  const isWanted = LEVELS.map((level) => levels.includes(level));
  if (since === undefined) {
    return levels.length === LEVELS.length ? undefined : (rank) => isWanted[rank]!;
  }
  const iso = new Date(since).toISOString();
  return (rank, time) => isWanted[rank]! && isSince(time, since, iso);
}

/** Times as loggers write them are in order as their characters are. */
function isSince(time: unknown, since: number, iso: string): boolean {
  if (typeof time !== "string") return false;
  return time.length === iso.length && time.endsWith("Z") ? time >= iso : Date.parse(time) >= since;
}

/** Everything but level and time; undefined if nothing else is asked. */
function contentTest(filter: TailFilter): RecordMatcher | undefined {
  const { source = [], fields = [] } = filter;
  const tests: RecordMatcher[] = fields.map(fieldTest);
  if (source.length > 0) tests.push(sourceTest(source));
  const search = searchTest(filter);
  if (search !== undefined) tests.push(search);
  return tests.length === 0 ? undefined : (record) => tests.every((test) => test(record));
}

function sourceTest(source: readonly string[]): RecordMatcher {
  return ({ logger }) =>
    typeof logger === "string" &&
    source.some((name) => logger === name || logger.startsWith(`${name}.`));
}

function searchTest({ text = [], not = [], patterns = [] }: TailFilter): RecordMatcher | undefined {
  const wanted = [...text.map(textTest), ...patterns.map(patternTest)];
  const unwanted = not.map(textTest);
  if (wanted.length + unwanted.length === 0) return undefined;
  return (record) => {
    const texts = textsOf(record);
    return wanted.every((test) => texts.some(test)) && !unwanted.some((test) => texts.some(test));
  };
}

function patternTest({ source, flags }: FilterPattern): TextTest {
  const pattern = new RegExp(source, flags);
  return (text) => {
    try {
      return pattern.test(text);
    } catch {
      // Some patterns need more stack than there is for a long text.
      return false;
    }
  };
}

/** Tests of the raw line: if one is true, the filter is certain not to match. */
function absencesOf({ text = [], fields = [], source = [] }: TailFilter): TextTest[] {
  const sources = source.map((name) => absenceTest(name, (line) => line.includes(name)));
  return [
    ...text.map((wanted) => absenceTest(wanted)),
    ...fields.flatMap(fieldAbsences),
    ...(sources.length === 0
      ? []
      : [(line: string) => sources.every((isAbsent) => isAbsent(line))]),
  ];
}

/** Whether a filter only leaves texts out, so that their absence is enough to pass. */
function exclusionOnly({ text, fields, source, patterns }: TailFilter): boolean {
  return [text, fields, source, patterns].every((part) => part === undefined || part.length === 0);
}
