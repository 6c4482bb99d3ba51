/**
 * The name that was probably meant: the nearest one, if no more than a third of its letters are wrong.
 * Case and the characters between words do not count.
 */
export function nearest(written: string, names: Iterable<string>): string | undefined {
  const plain = plainOf(written);
  let best: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const edits = editDistance(plain, plainOf(name));
    if (edits >= least || edits > Math.max(1, Math.floor(name.length / 3))) continue;
    best = name;
    least = edits;
  }
  return best;
}

/** `, did you mean "name"`, or nothing. */
export function didYouMean(written: string, names: Iterable<string>): string {
  const name = nearest(written, names);
  return name === undefined ? "" : `, did you mean "${name}"`;
}

/** No name is longer, and the distance takes the square of the length. */
const MAX_CHARS = 64;

function plainOf(name: string): string {
  return name.slice(0, MAX_CHARS).toLowerCase().replaceAll(/[_\s-]/g, "");
}

/**
 * The Levenshtein distance by rows (Wagner and Fischer, 1974), where two neighbours that changed places
 * count once (optimal string alignment).
 */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? at(before, j - 2) + 1 : Infinity;
      next.push(Math.min(change, swap, at(row, j) + 1, at(next, j - 1) + 1));
    }
    [before, row] = [row, next];
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
