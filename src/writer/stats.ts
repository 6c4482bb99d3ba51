import type { DropCounts } from "../buffer/overflow.ts";

/**
 * Everything a writer counts since it was made. At every moment `offered = Σ refused + filtered +
 * accepted` and `accepted = processed + failed + Σ dropped + pending`.
 */
export interface WriterStats {
  /** When records are processed: in the background, or before `write` returns. */
  readonly mode: "async" | "sync";
  /** Whether records are accepted. */
  readonly running: boolean;
  /** Records the buffer can hold; with `{min, max}` at its present growth. */
  readonly capacity: number;
  /** Records in the buffer. */
  readonly depth: number;
  /** `depth / capacity`. */
  readonly utilisation: number;
  /** Calls of `append` that wait for room. */
  readonly waiting: number;
  /** Records handed to the writer. */
  readonly offered: number;
  /**
   * Records not accepted, by reason: `stopped`, `full`, and from `append` `timeout` and `aborted`. Empty
   * and malformed ones are not offered.
   */
  readonly refused: Readonly<Record<string, number>>;
  /** Records that the level left out. */
  readonly filtered: number;
  /** Records accepted. */
  readonly accepted: number;
  /** Records of calls that succeeded. */
  readonly processed: number;
  /** Records of calls that threw, rejected or were abandoned. */
  readonly failed: number;
  /** Records of abandoned calls, which are among `failed`. */
  readonly abandoned: number;
  /** Abandoned calls that settled after all. */
  readonly late: number;
  /** Records accepted and given up, by reason: `drop-oldest`, `sample`, `aborted`, `closed`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Records accepted and not settled: those in the buffer and those in hand. */
  readonly pending: number;
  /**
   * Records that the full buffer dropped, by policy and level. They are counted where they belong too: new
   * ones as `refused`, those accepted before as `dropped`.
   */
  readonly droppedByPolicy: DropCounts;
}
