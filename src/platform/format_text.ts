/** What is used of `node:util`. Looked up, not imported, so that programs without it load this file. */
interface Util {
  format(...args: unknown[]): string;
}

interface Host {
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

const util = (globalThis as Host).process?.getBuiltinModule?.("node:util") as
  | Partial<Util>
  | undefined;

/**
 * The text that a console prints for these arguments, without colours: `%s %d %i %f %j %o %O %c` in the
 * first one are replaced, the others follow with spaces between. May throw what a getter throws.
 */
export function formatText(args: readonly unknown[]): string {
  if (util?.format !== undefined) return util.format(...args);
  // No runtime at hand: texts as they are, the rest as JSON, placeholders left alone.
  return args.map((arg) => typeof arg === "string" ? arg : JSON.stringify(arg) ?? String(arg))
    .join(" ");
}
