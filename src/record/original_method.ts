/** Where a method that stands in for another keeps the one it stands for. */
export const ORIGINAL: unique symbol = Symbol("original");

type Method = (...args: never[]) => unknown;

/**
 * The method that another one stands in for, or the method itself. What writes records to a console uses
 * it, so that a console whose calls become records makes none of them.
 */
export function originalOf<M extends Method>(method: M): M {
  return (method as M & { readonly [ORIGINAL]?: M })[ORIGINAL] ?? method;
}
