import { isLevel, type Level, LEVELS } from "../record/level.ts";

/** A record as a filter sees it: any JSON object, or a text as the message of one. */
export type FilterRecord = Readonly<Record<string, unknown>>;

/** How a line of ours begins; its time has 24 characters. */
const HEAD = '{"time":"';
const TIME_END = HEAD.length + 24;
const BETWEEN = '","level":"';
const LEVEL_AT = TIME_END + BETWEEN.length;
/** No two levels begin with the same letter. */
const RANK_OF_LETTER: ReadonlyMap<number, number> = new Map(
  LEVELS.map((level, rank) => [level.charCodeAt(0), rank]),
);
const QUOTED_LEVELS: readonly string[] = LEVELS.map((level) => `${level}"`);

/** Parts of a record that are not searched for texts: they have tests of their own. */
const UNSEARCHED: ReadonlySet<string> = new Set(["time", "level"]);
/** Parts whose names are in every record, so only the values are searched. */
const UNNAMED: ReadonlySet<string> = new Set(["msg", "logger", "traceId", "spanId", "fields"]);

/** The rank of the level that a line of ours begins with; -1 for any other line. */
export function rankOfHead(line: string): number {
  if (!line.startsWith(HEAD) || !line.startsWith(BETWEEN, TIME_END)) return -1;
  const rank = RANK_OF_LETTER.get(line.charCodeAt(LEVEL_AT)) ?? -1;
  return rank >= 0 && line.startsWith(QUOTED_LEVELS[rank]!, LEVEL_AT) ? rank : -1;
}

/** The time that a line of ours begins with. */
export function timeOfHead(line: string): string {
  return line.slice(HEAD.length, TIME_END);
}

/**
 * The record of a line, never throws. A line that begins as ours do is taken at its word: its level and
 * time are those at its beginning, whatever follows. What is no JSON object is a message.
 */
export function recordOfLine(line: string): FilterRecord {
  const record = parseObject(line) ?? { msg: line };
  const rank = rankOfHead(line);
  if (rank < 0) return record;
  record.level = LEVELS[rank];
  record.time = timeOfHead(line);
  return record;
}

/** The level of a record; `info` if it tells none of ours. */
export function levelOfRecord({ level }: FilterRecord): Level {
  return isLevel(level) ? level : "info";
}

/** Every text of a record in which one may look: message, origin, names and values of fields. */
export function textsOf(record: FilterRecord): string[] {
  const texts: string[] = [];
  for (const name of Object.keys(record)) {
    if (UNSEARCHED.has(name)) continue;
    if (!UNNAMED.has(name)) texts.push(name);
    addTexts(record[name], texts);
  }
  return texts;
}

/** Without recursion: what is nested deeply must not end the program. */
function addTexts(value: unknown, texts: string[]): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "object" && next !== null) {
      if (!Array.isArray(next)) { for (const name of Object.keys(next)) texts.push(name); }
      for (const inner of Object.values(next)) open.push(inner);
    } else texts.push(String(next));
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (line.charCodeAt(0) !== 123) return undefined;
  try {
    // What begins with a brace is an object or no JSON.
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
