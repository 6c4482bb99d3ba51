/**
 * What the reader chooses to see: query, levels, marked terms. The address says it.
 *
 * @module
 */
import { type Address, MAX_MARKS, readAddress, writeAddress } from "./address.ts";
import { keep } from "./reading.ts";
import { current, levels, marks, pageUrl, query, selection } from "./state.ts";
import { send } from "./worker_port.ts";

/** Applies a query line. */
export function setQuery(text: string): void {
  if (text === query.value) return;
  query.value = text;
  current.value = selection.value = undefined;
  send({ t: "query", query: text, keepId: keep() });
  keepAddress();
}

/** Shows exactly these levels. */
export function setLevels(next: readonly boolean[]): void {
  levels.value = next;
  current.value = selection.value = undefined;
  send({ t: "levels", levels: next, keepId: keep() });
  keepAddress();
}

/** Marks a term, or no longer; the oldest leaves when there are too many. */
export function toggleMark(term: string): void {
  const old = marks.value;
  marks.value = old.includes(term)
    ? old.filter((other) => other !== term)
    : [...old, term].slice(-MAX_MARKS);
  send({ t: "marks", marks: marks.value });
  keepAddress();
}

/** Puts what is shown into the address; a record of its own only when it is asked for. */
function keepAddress(): void {
  const address: Address = {
    query: query.value,
    levels: levels.value,
    marks: marks.value,
    seq: readAddress("", location.hash).seq,
  };
  history.replaceState(null, "", location.pathname + writeAddress(location.search, address));
}

/** The address that leads to a record. */
export function addressOf(seq: number): string {
  const address = { query: query.value, levels: levels.value, marks: marks.value, seq };
  return pageUrl + writeAddress(location.search, address);
}
