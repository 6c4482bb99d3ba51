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

/** Reads the level off a line of ours, `{"time":"...","level":"...`: its first letter tells it. */
export function levelOfLine(line: string): Level {
  return INITIALS[line.charAt(line.indexOf(BEFORE_LEVEL) + BEFORE_LEVEL.length)] ?? "info";
}
