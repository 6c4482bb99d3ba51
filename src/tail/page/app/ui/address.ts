/**
 * What the page keeps in its address, so that it survives a reload and can be sent to somebody: the
 * query (`?q=`), the levels, the marked terms, and the record (`#seq`).
 *
 * @module
 */
import { LEVELS } from "../../../../record/level.ts";

/** What an address says. */
export interface Address {
  readonly query: string;
  readonly levels: readonly boolean[];
  readonly marks: readonly string[];
  readonly seq: number | undefined;
}

/** The most terms that are marked. */
export const MAX_MARKS = 5;

/** Reads the address; what it does not say is open. */
export function readAddress(search: string, hash: string): Address {
  const params = new URLSearchParams(search);
  const levels = params.get("levels")?.split(",");
  return {
    query: params.get("q") ?? "",
    levels: LEVELS.map((level) => levels?.includes(level) ?? true),
    marks: params.getAll("mark").filter((term) => term !== "").slice(0, MAX_MARKS),
    seq: /^#\d{1,15}$/.test(hash) ? Number(hash.slice(1)) : undefined,
  };
}

/** Writes an address, the other keys of the old one kept. */
export function writeAddress(old: string, { query, levels, marks, seq }: Address): string {
  const params = new URLSearchParams(old);
  for (const key of ["q", "levels", "mark"]) params.delete(key);
  if (query !== "") params.set("q", query);
  if (levels.includes(false)) {
    params.set("levels", LEVELS.filter((_, i) => levels[i]).join(","));
  }
  for (const term of marks) params.append("mark", term);
  const search = params.toString();
  return (search === "" ? "" : `?${search}`) + (seq === undefined ? "" : `#${seq}`);
}
