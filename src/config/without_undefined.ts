/** What is left of an object's type when values that are undefined go. */
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/**
 * The same without properties that are undefined: an option that is there as undefined would hide the
 * default of some callee.
 */
export function withoutUndefined<T extends object>(options: T): Partial<Defined<T>> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<Defined<T>>;
}
