/** Numbers up to here count the rotations (`app.log.1` is the youngest); longer ones tell a time. */
const MAX_COUNT_DIGITS = 4;
const MARK = /^[.-](\d[\d.:T_+-]*)$/;
/** What our own file sink puts before the extension: a number and a time. */
const OWN_MARK = /\.(\d{6,15}\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(?=\.[^.]*$|$)/;

/**
 * The name that a rotated file had before: `app.log` of `app.log.1`, `app.log-20260131`,
 * `app.log.2026-01-31T10:00` and `app.000042.2026-01-31T10-00-00Z.log`. Undefined if it is no rotated
 * name of one that `isName` takes.
 */
export function nameBefore(name: string, isName: (name: string) => boolean): string | undefined {
  return split(name, isName)?.base;
}

/** Orders names so that rotated files stand before what they were rotated from, the oldest first. */
export function compareAge(a: string, b: string): number {
  const [one, other] = [parts(a), parts(b)];
  if (one.base !== other.base) return one.base < other.base ? -1 : 1;
  if (one.mark === undefined || other.mark === undefined) {
    return Number(one.mark === undefined) - Number(other.mark === undefined);
  }
  if (isCount(one.mark) && isCount(other.mark)) return Number(other.mark) - Number(one.mark);
  return one.mark < other.mark ? -1 : Number(one.mark > other.mark);
}

/** What stays of a name without its mark of rotation. */
export function familyOf(name: string): string {
  return parts(name).base;
}

interface Parts {
  readonly base: string;
  readonly mark?: string;
}

function parts(name: string): Parts {
  return split(name, () => true) ?? { base: name };
}

function split(name: string, isName: (name: string) => boolean): Required<Parts> | undefined {
  const own = OWN_MARK.exec(name);
  const base = own === null ? name : name.replace(own[0], "");
  if (own !== null && isName(base)) return { base, mark: own[1] ?? "" };
  for (let at = 1; at < name.length; at++) {
    if (name[at] !== "." && name[at] !== "-") continue;
    if (MARK.test(name.slice(at)) && isName(name.slice(0, at))) {
      return { base: name.slice(0, at), mark: name.slice(at + 1) };
    }
  }
  return undefined;
}

function isCount(mark: string): boolean {
  return /^\d+$/.test(mark) && mark.length <= MAX_COUNT_DIGITS;
}
