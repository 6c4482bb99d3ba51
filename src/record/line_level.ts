import type { Level } from "./level.ts";

/** No two levels begin with the same letter. */
const INITIALS: Readonly<Record<string, Level>> = {
  t: "trace",
  d: "debug",
  i: "info",
  w: "warn",
  e: "error",
  f: "fatal",
};
const BEFORE_LEVEL = '","level":"';

/**
 * Reads the level off a line of ours, `{"time":"...","level":"...`: its first letter tells it. Any other
 * text counts as `info`, as everywhere.
 */
export function levelOfLine(line: string): Level {
  const at = line.indexOf(BEFORE_LEVEL);
  return at === -1 ? "info" : INITIALS[line.charAt(at + BEFORE_LEVEL.length)] ?? "info";
}
