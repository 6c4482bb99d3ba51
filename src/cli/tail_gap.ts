import { visible } from "../sink/pretty.ts";

/** Records that do not come. */
export interface TailGapNews {
  /** The first of them. */
  readonly from: number;
  /** The last of them. */
  readonly to: number;
  /** How many; 0 if that cannot be known. */
  readonly n: number;
  /** Why, in one word. */
  readonly why: string;
}

const REASONS: Readonly<Record<string, string>> = {
  slow: "the client fell behind",
  evicted: "the server no longer kept them",
  sampled: "only a sample was asked for",
  damaged: "they are damaged and cannot be read",
  trimmed: "they are no longer in the log",
};

/** A gap in words, for a line of its own. */
export function gapWords({ n, why }: TailGapNews): string {
  if (why === "restart") return restartWords(n);
  const reason = Object.hasOwn(REASONS, why) ? REASONS[why] : visible(why);
  return `… ${countWords(n)} not shown: ${reason}`;
}

/** After a restart, records that were shown may not have reached the disk, or all of it is another log. */
function restartWords(n: number): string {
  return n === 0
    ? "… another log begins here: the server was started anew"
    : `… the server was started anew, and does not have the last ${countWords(n)} shown`;
}

/** `1,204 records`. */
export function countWords(count: number): string {
  return `${String(count).replace(/\B(?=(?:\d{3})+$)/g, ",")} ${
    count === 1 ? "record" : "records"
  }`;
}
