import * as v from "valibot";
import { type ConfigPath, type ConfigProblem, cutTo, pathText } from "./problem.ts";
import { type Settings, settingsOf } from "./schema.ts";
import { spell, type Spelled } from "./spelling.ts";
import type { Setting } from "./setting.ts";
import { type Expanded, expandVariables, isMapping, type ReadVariable } from "./variables.ts";

/** Where a value stands in the file. */
export interface Position {
  /** The line, from 1. */
  readonly line: number;
  /** The column, from 1. */
  readonly column: number;
}

/** A configuration as it was given. */
export interface Source {
  /** The value. */
  readonly value: unknown;
  /** Where a path stands; for the last key of it, if `ofKey`. */
  readonly locate?: (path: ConfigPath, ofKey: boolean) => Position | undefined;
}

/** A configuration that was checked. */
export interface Checked {
  /** The settings; of a section and of a sink in which something is wrong, nothing. */
  readonly settings: Settings;
  /** What is wrong. */
  readonly problems: readonly ConfigProblem[];
  /** Makes a problem at a path in the schema's names, out of a message that may hold secrets. */
  readonly problemAt: (path: ConfigPath, message: string) => ConfigProblem;
}

/** Checks a configuration and tells everything that is wrong with it. */
export function check(source: Source, read: ReadVariable, types: Iterable<string>): Checked {
  const setting = settingsOf(types);
  const expanded = expandVariables(source.value ?? {}, read);
  const spelled = spell(setting, expanded.value, expanded.expanded);
  const result = v.safeParse(setting, spelled.value);
  const report = new Report(source, expanded, spelled);
  for (const { path, message } of expanded.problems) report.add(path, message);
  for (const { path, message } of spelled.problems) report.add(path, message, true);
  for (const issue of result.issues ?? []) report.issue(issue);
  const isSound = result.success && report.problems.length === 0;
  return {
    settings: isSound ? result.output : soundPart(setting, spelled, report.paths),
    problems: report.problems,
    problemAt: (path, message) => report.problem(report.written(path), report.redacted(message)),
  };
}

/**
 * What nothing is wrong with, so that it can be told what does not go together there: sections and sinks
 * with a problem are left out, as if they were there and empty.
 */
function soundPart(
  setting: Setting<Settings>,
  { value, written }: Spelled,
  wrong: readonly ConfigPath[],
): Settings {
  const out: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(isMapping(value) ? value : {})) {
    const key = written.get(JSON.stringify([name]))?.[0];
    const inside = wrong.filter((path) => path[0] === key);
    if (inside.length === 0) out[name] = item;
    else if (name === "sinks" && isMapping(item)) {
      const sound = Object.entries(item).filter(([sink]) =>
        inside.every((path) => path[1] !== sink)
      );
      out[name] = Object.fromEntries(sound);
    } else if (isMapping(item)) out[name] = {};
  }
  const result = v.safeParse(setting, out);
  return result.success ? result.output : {};
}

class Report {
  readonly #source: Source;
  readonly #spelled: Spelled;
  readonly #secrets: readonly string[];
  readonly #found: ConfigProblem[] = [];
  /** Of a value that is wrong in one way nothing else is told. */
  readonly #told = new Set<string>();

  constructor(source: Source, { held }: Expanded, spelled: Spelled) {
    this.#source = source;
    this.#spelled = spelled;
    this.#secrets = [...spelled.secrets, ...held].filter((text) => text.length >= 4);
  }

  get problems(): readonly ConfigProblem[] {
    return this.#found;
  }

  /** Where something is wrong, as the file writes it. */
  get paths(): readonly ConfigPath[] {
    return [...this.#told].map((path) => JSON.parse(path));
  }

  add(path: ConfigPath, message: string, ofKey = false): void {
    const key = JSON.stringify(path);
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#found.push(this.problem(path, message, ofKey));
  }

  issue({ path, message }: v.BaseIssue<unknown>): void {
    // Without a message somebody else has told what is wrong.
    if (message === "") return;
    const written = this.written((path ?? []).map(({ key }) => key as string | number));
    this.add(written, `${this.#shown(written)} cannot be used: ${message}`);
  }

  problem(path: ConfigPath, message: string, ofKey = false): ConfigProblem {
    const at = this.#source.locate?.(path, ofKey);
    return { path: pathText(path), line: at?.line, column: at?.column, message };
  }

  /** A path as the file writes it. */
  written(known: ConfigPath): ConfigPath {
    for (let end = known.length; end > 0; end--) {
      const found = this.#spelled.written.get(JSON.stringify(known.slice(0, end)));
      if (found !== undefined) return [...found, ...known.slice(end)];
    }
    return known;
  }

  /** A message without the secrets that it may hold. */
  redacted(message: string): string {
    return this.#secrets.reduce((text, secret) => text.replaceAll(secret, "(hidden)"), message);
  }

  /** A value as the file writes it: of a variable its name, of a secret nothing. */
  #shown(path: ConfigPath): string {
    let value = this.#source.value;
    for (const step of path) value = (value as Record<string | number, unknown> | null)?.[step];
    if (value === undefined || value === null) return "an empty value";
    if (Array.isArray(value)) return "a list";
    if (typeof value === "object") return "a mapping";
    const isSecret = path.some((_, i) =>
      this.#spelled.hidden.has(JSON.stringify(path.slice(0, i + 1)))
    );
    if (isSecret || HIDDEN.test(String(path.at(-1)))) return "this value (hidden)";
    return typeof value === "string" ? JSON.stringify(cutTo(value, 40)) : cutTo(String(value), 40);
  }
}

/** Names of mappings whose values are secrets: someone may write a text there. */
const HIDDEN = /headers|token|authorization|password|secret|url/i;
