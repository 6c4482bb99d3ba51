import type { FieldTest, FilterPattern, TailFilter } from "./filter_shape.ts";

/** Words that mean nothing else and need no quotes; a narrow choice, quotes do no harm. */
const PLAIN_WORD = /^[\p{L}\p{N}_][\p{L}\p{N}_.:/-]*$/u;
const PLAIN_NAME = /^[\p{L}\p{N}_$@.][\p{L}\p{N}_$@.-]*$/u;
const SOURCE_WORD = /^(?:logger|source):/;
/** Names that say something else when they stand without quotes. */
const TAKEN_NAMES: ReadonlySet<string> = new Set(["level", "since"]);

/**
 * Writes a filter as a query line; `parseQuery` makes the same filter of it.
 *
 * @example
 * ```ts ignore
 * formatQuery({ min: "warn", not: ["two words"] }); // level>=warn -"two words"
 * ```
 */
export function formatQuery(filter: TailFilter): string {
  return [
    ...(filter.text ?? []).map(formatWord),
    ...(filter.not ?? []).map((text) => `-${formatWord(text)}`),
    ...(filter.min === undefined ? [] : [`level>=${filter.min}`]),
    ...(filter.levels === undefined ? [] : [`level=${filter.levels.join()}`]),
    ...(filter.source === undefined ? [] : [`logger:${filter.source.map(formatItem).join()}`]),
    ...(filter.fields ?? []).map(formatField),
    ...(filter.since === undefined ? [] : [`since=${new Date(filter.since).toISOString()}`]),
    ...(filter.patterns ?? []).map(formatPattern),
  ].join(" ");
}

function formatWord(text: string): string {
  return PLAIN_WORD.test(text) && !SOURCE_WORD.test(text) ? text : quote(text);
}

function formatItem(text: string): string {
  return /^[^\s",]+$/.test(text) ? text : quote(text);
}

function formatField({ path, op, value = "" }: FieldTest): string {
  const name = PLAIN_NAME.test(path) && !TAKEN_NAMES.has(path) ? path : quote(path);
  if (op === "exists") return `${name}?`;
  return name + op + (/^[^\s"]\S*$/.test(value) ? value : quote(value));
}

function formatPattern({ source, flags }: FilterPattern): string {
  return `/${source}/${flags}`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
