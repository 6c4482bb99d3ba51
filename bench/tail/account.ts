/** What came and what did not: latencies, and the lines that each client missed, by their numbers. */

const BUCKET_US = 100;
const BUCKETS = 600_000;

/** Latencies up to a minute, to a tenth of a millisecond. */
export class Latencies {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  /** Counts one. */
  add(us: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(us / BUCKET_US)));
    this.#counts[bucket]!++;
    this.#total++;
  }

  /** Milliseconds below which this share of them is; NaN if there are none. */
  quantile(share: number): number {
    let left = this.#total * share;
    for (let i = 0; i < BUCKETS && this.#total > 0; i++) {
      left -= this.#counts[i]!;
      if (left <= 0) return (i + 1) * BUCKET_US / 1000;
    }
    return NaN;
  }
}

/** Lines from one number to another. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** The account of one client. */
export class Account {
  /** Lines that came. */
  got = 0;
  /** Lines that came twice or out of order. */
  wrong = 0;
  /** The newest line that came or was declared missing. */
  reached = 0;
  readonly #missed: Range[] = [];
  readonly #declared: Range[] = [];
  #next = 1;

  /** Lines came, one after the other. */
  took(from: number, to: number): void {
    if (from < this.#next) this.wrong += Math.min(to, this.#next - 1) - from + 1;
    if (from > this.#next) this.#missed.push({ from: this.#next, to: from - 1 });
    this.got += to - from + 1;
    this.#next = Math.max(this.#next, to + 1);
    this.reached = Math.max(this.reached, to);
  }

  /** The server said that lines do not come. */
  told(from: number, to: number): void {
    this.#declared.push({ from, to });
    this.reached = Math.max(this.reached, to);
  }

  /** How many lines up to `last` it missed, how many it was told, and whether they are the same ones. */
  sum(last: number): { missed: number; declared: number; isHonest: boolean } {
    const missed = [...this.#missed];
    if (this.#next <= last) missed.push({ from: this.#next, to: last });
    const [found, declared] = [joined(missed), joined(this.#declared)];
    const isHonest = JSON.stringify(found) === JSON.stringify(declared);
    return { missed: lines(found), declared: lines(declared), isHonest };
  }
}

function joined(ranges: readonly Range[]): readonly Range[] {
  const result: Range[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last?.to === range.from - 1) result[result.length - 1] = { from: last.from, to: range.to };
    else result.push(range);
  }
  return result;
}

function lines(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}
