import type { TailGapNews } from "./tail_gap.ts";
import type { TailRow } from "./tail_rows.ts";

/** What a tail gives, wherever it comes from: records, or the news that some do not come. */
export type TailNews =
  | { readonly kind: "rows"; readonly rows: readonly TailRow[] }
  | { readonly kind: "gap"; readonly gap: TailGapNews };

/** A tail that is read once, to its end. */
export interface TailReading {
  /** How `--from` names the place behind what was read; undefined before anything was. */
  readonly place: string | undefined;
  /** What there is, in order. */
  read(): AsyncIterable<TailNews>;
}

/** The tail cannot be read; the message says why, in one sentence. */
export class TailFailure extends Error {
  override readonly name = "TailFailure";
}
