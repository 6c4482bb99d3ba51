import type { ConfigPath } from "./problem.ts";
import { type Leaf, metaOf, type Section, type Setting } from "./setting.ts";
import { didYouMean } from "./suggest.ts";
import { isMapping } from "./variables.ts";

/** A configuration in the names that the schema knows. */
export interface Spelled {
  /** The configuration. */
  readonly value: unknown;
  /** How the file writes a path, by the path in the schema's names as JSON. */
  readonly written: ReadonlyMap<string, ConfigPath>;
  /** Values that must stand in no message. */
  readonly secrets: readonly string[];
  /** Paths, as the file writes them, of secret values. */
  readonly hidden: ReadonlySet<string>;
  /** What is wrong, and where, as the file writes it. */
  readonly problems: readonly { readonly path: ConfigPath; readonly message: string }[];
}

/**
 * Finds for each key the setting that it names, in snake_case or camelCase, and tells those that name
 * none.
 *
 * @param expanded Paths of texts that come from the environment, which may stand for numbers
 */
export function spell(
  setting: Setting<unknown>,
  value: unknown,
  expanded: ReadonlySet<string>,
): Spelled {
  return new Spelling(expanded).run(setting, value);
}

/** What the options of a sink type that is not built in call a secret. */
const SECRET_NAME = /token|password|secret|authorization|credential|key$/i;

/** A place in both spellings. */
interface Place {
  readonly written: ConfigPath;
  readonly known: ConfigPath;
}

class Spelling {
  readonly #expanded: ReadonlySet<string>;
  readonly #written = new Map<string, ConfigPath>();
  readonly #secrets: string[] = [];
  readonly #hidden = new Set<string>();
  readonly #problems: { path: ConfigPath; message: string }[] = [];

  constructor(expanded: ReadonlySet<string>) {
    this.#expanded = expanded;
  }

  run(setting: Setting<unknown>, given: unknown): Spelled {
    const value = this.#visit(setting, given, { written: [], known: [] });
    return {
      value,
      written: this.#written,
      secrets: this.#secrets,
      hidden: this.#hidden,
      problems: this.#problems,
    };
  }

  #visit(setting: Setting<unknown>, value: unknown, at: Place): unknown {
    this.#written.set(JSON.stringify(at.known), at.written);
    const meta = metaOf(setting);
    switch (meta.kind) {
      case "leaf":
        return this.#leaf(meta, value, at);
      case "choice": {
        const chosen = meta.choose(value);
        if (typeof chosen !== "string") return this.#visit(chosen, value, at);
        this.#problems.push({ path: at.written, message: chosen });
        return undefined;
      }
      case "section":
        return this.#mapping(value, at, "a mapping", (mapping) => this.#section(meta, mapping, at));
      case "map":
        return this.#mapping(value, at, "a mapping from names", (mapping) => {
          const items = Object.entries(mapping).map(([key, item]) => {
            return [key, this.#visit(meta.item, item, below(at, key, key))];
          });
          return Object.fromEntries(items.filter(([, item]) => item !== undefined));
        });
      case "list":
        return this.#list(meta.item, value, at);
    }
  }

  /** Empty sections go: they are as if they did not stand there. */
  #mapping(
    value: unknown,
    { written }: Place,
    allowed: string,
    visit: (mapping: Readonly<Record<string, unknown>>) => unknown,
  ): unknown {
    if (isMapping(value)) return visit(value);
    if (value !== null && value !== undefined) {
      this.#problems.push({ path: written, message: `cannot be used: allowed is ${allowed}` });
    }
    return undefined;
  }

  #list(setting: Setting<unknown>, value: unknown, at: Place): unknown {
    if (value === null || value === undefined) return undefined;
    if (Array.isArray(value)) {
      return value.map((item, i) => this.#visit(setting, item, below(at, i, i)));
    }
    // One is as good as a list of one.
    return [this.#visit(setting, value, { written: at.written, known: [...at.known, 0] })];
  }

  #leaf({ isSecret, fromText }: Leaf, value: unknown, at: Place): unknown {
    if (isSecret) {
      this.#hidden.add(JSON.stringify(at.written));
      if (typeof value === "string") this.#secrets.push(value);
    }
    const isExpanded = this.#expanded.has(JSON.stringify(at.written));
    if (typeof value !== "string" || !isExpanded) return value;
    if (value === "true" || value === "false") {
      return fromText === "boolean" ? value === "true" : value;
    }
    const isNumber = /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value);
    return fromText === "number" && isNumber ? Number(value) : value;
  }

  #section(meta: Section, value: Readonly<Record<string, unknown>>, at: Place): unknown {
    const out: Record<string, unknown> = {};
    const by = new Map<string, string>();
    for (const [key, item] of Object.entries(value)) {
      const name = nameOf(meta, key);
      const before = name === undefined ? undefined : by.get(name);
      if (before !== undefined) {
        const message = `is the same setting as "${before}": leave one of them out`;
        this.#problems.push({ path: [...at.written, key], message });
      } else if (name !== undefined) {
        by.set(name, key);
        const setting = meta.entries[name] as Setting<unknown>;
        const settled = this.#visit(setting, item, below(at, key, name));
        if (settled !== undefined) out[name] = settled;
      } else if (meta.isOpen) {
        if (typeof item === "string" && SECRET_NAME.test(key)) this.#secrets.push(item);
        Object.defineProperty(out, key, { value: item, enumerable: true });
      } else this.#unknown(meta, key, at);
    }
    for (const name of meta.required.filter((name) => !by.has(name))) {
      const { description } = metaOf(meta.entries[name] as Setting<unknown>);
      const what = description.charAt(0).toLowerCase() + description.slice(1);
      this.#problems.push({ path: at.written, message: `"${name}" is missing: ${what}` });
    }
    return out;
  }

  #unknown({ entries, aliases, advice }: Section, key: string, { written }: Place): void {
    const names = Object.keys(entries);
    const guess = didYouMean(key, [...names, ...Object.keys(aliases)]);
    const message = Object.hasOwn(advice, snake(key))
      ? `cannot be used here: ${advice[snake(key)]}`
      : `there is no such setting: allowed are ${names.join(", ")}${guess}`;
    this.#problems.push({ path: [...written, key], message });
  }
}

function below({ written, known }: Place, key: string | number, name: string | number): Place {
  return { written: [...written, key], known: [...known, name] };
}

function nameOf({ entries, aliases }: Section, key: string): string | undefined {
  const name = snake(key);
  if (Object.hasOwn(entries, name)) return name;
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}

function snake(key: string): string {
  return key.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
