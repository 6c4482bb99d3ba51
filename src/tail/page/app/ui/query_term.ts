const PLAIN_NAME = /^[\p{L}\p{N}_$@.][\p{L}\p{N}_$@.-]*$/u;
const TAKEN = ["level", "since"];

/** The term of a query line that asks for, or rules out, one value of a field. */
export function fieldTerm(path: string, operator: "=" | "!=", value: string): string {
  const name = PLAIN_NAME.test(path) && !TAKEN.includes(path) ? path : quoted(path);
  return `${name}${operator}${/^[^\s"]+$/.test(value) ? value : quoted(value)}`;
}

/** A query line with one more term; as it is if it has that already. */
export function addTerm(query: string, term: string): string {
  if (` ${query} `.includes(` ${term} `)) return query;
  return query.trim() === "" ? term : `${query.trim()} ${term}`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
