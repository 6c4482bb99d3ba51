import type { ConfigPath } from "./problem.ts";

/** A variable of the environment; undefined where it is not set. */
export type ReadVariable = (name: string) => string | undefined;

/** What became of the values of a configuration. */
export interface Expanded {
  /** The same with variables in place. */
  readonly value: unknown;
  /** Paths of the texts that held variables, as JSON. */
  readonly expanded: ReadonlySet<string>;
  /** What the variables held. */
  readonly held: readonly string[];
  /** What is wrong, and where. */
  readonly problems: readonly { readonly path: ConfigPath; readonly message: string }[];
}

/** `$${` is a plain `${`. */
const REFERENCE = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;
const BODY = /^([A-Za-z_]\w*)(?::-(.*))?$/s;
/** Deeper is no configuration, and would be the end of the stack. */
const MAX_DEPTH = 64;
/** More is no configuration either: a few shared values can stand for millions. */
const MAX_VALUES = 100_000;

/**
 * Puts variables of the environment where texts say `${NAME}` or `${NAME:-default}`. Keys are left alone,
 * and what a variable holds is not looked at again.
 */
export function expandVariables(value: unknown, read: ReadVariable): Expanded {
  return new Expansion(read).run(value);
}

/** Whether a value is a mapping, and no object of some class. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

class Expansion {
  readonly #read: ReadVariable;
  readonly #expanded = new Set<string>();
  readonly #held: string[] = [];
  readonly #problems: { path: ConfigPath; message: string }[] = [];
  #values = 0;

  constructor(read: ReadVariable) {
    this.#read = read;
  }

  run(given: unknown): Expanded {
    const value = this.#visit(given, []);
    return { value, expanded: this.#expanded, held: this.#held, problems: this.#problems };
  }

  #visit(value: unknown, path: ConfigPath): unknown {
    if (++this.#values === MAX_VALUES) {
      this.#problems.push({ path, message: `holds too much: allowed are ${MAX_VALUES} values` });
    }
    if (this.#values >= MAX_VALUES) return undefined;
    if (typeof value === "string") return this.#text(value, path);
    if (!Array.isArray(value) && !isMapping(value)) return value;
    if (path.length >= MAX_DEPTH) {
      this.#problems.push({ path, message: `goes too deep: allowed are ${MAX_DEPTH} levels` });
      return undefined;
    }
    if (Array.isArray(value)) return value.map((item, i) => this.#visit(item, [...path, i]));
    const entries = Object.entries(value).map(([key, item]) => {
      return [key, this.#visit(item, [...path, key])] as const;
    });
    return Object.fromEntries(entries);
  }

  #text(text: string, path: ConfigPath): string {
    if (!text.includes("${")) return text;
    return text.replaceAll(REFERENCE, (reference, body: string | undefined) => {
      if (reference === "$${") return "${";
      this.#expanded.add(JSON.stringify(path));
      return this.#variable(body ?? "", path);
    });
  }

  #variable(body: string, path: ConfigPath): string {
    const [, name, fallback] = BODY.exec(body) ?? [];
    if (name === undefined) {
      const message =
        "cannot read what stands in ${...}: allowed are ${NAME} and ${NAME:-default}, " +
        "and $${ for a plain ${";
      this.#problems.push({ path, message });
      return "";
    }
    const value = this.#read(name) || undefined;
    if (value !== undefined) this.#held.push(value);
    if (value === undefined && fallback === undefined) {
      const message = `the environment variable ${name} is not set: set it, or write ` +
        `\${${name}:-default}`;
      this.#problems.push({ path, message });
    }
    return value ?? fallback ?? "";
  }
}
