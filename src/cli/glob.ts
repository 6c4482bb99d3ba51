import { isAbsolute, join, resolve, sep } from "node:path";
import { UsageError } from "./usage_error.ts";

/** One step down from a folder: any number of folders, or those that have such a name. */
export type GlobStep = "**" | ((name: string) => boolean);

/** A pattern of paths, without braces: a folder, the way down from it, and the names that fit. */
export interface Glob {
  /** The folder that the literal beginning of the pattern names, absolute. */
  readonly root: string;
  /** The way from there to the folders of the files. */
  readonly steps: readonly GlobStep[];
  /** Whether a file of this name, in a folder at the end of the way, fits. */
  readonly isName: (name: string) => boolean;
}

/** More alternatives are rather a mistake than a wish. */
const MAX_ALTERNATIVES = 1_000;
const MAGIC = /[*?[{]/;

/** Whether a text has a character that is special in a pattern. */
export function isGlob(text: string): boolean {
  return MAGIC.test(text);
}

/** The pattern that only this path fits. */
export function literalGlob(path: string): Glob {
  const absolute = resolve(path);
  const at = absolute.lastIndexOf(sep);
  const name = absolute.slice(at + 1);
  return { root: absolute.slice(0, at + 1), steps: [], isName: (other) => other === name };
}

/**
 * Reads a pattern: `*` and `?` stand for characters of one name, `**` for any number of folders, `[a-z]`
 * and `[!a-z]` for one character, `{a,b}` for alternatives, `\` takes the meaning from what follows. As
 * in a shell, a name that begins with a dot fits only where the pattern has the dot. The matchers that
 * come with the runtimes differ in just these points, so this one is our own.
 *
 * @throws {UsageError} If it has more than 1,000 alternatives
 */
export function parseGlob(pattern: string): readonly Glob[] {
  return expandBraces(pattern).map(parseOne);
}

/** Whether a path fits. */
export function fitsGlob({ root, steps, isName }: Glob, path: string): boolean {
  const base = root.endsWith(sep) ? root : root + sep;
  if (!path.startsWith(base)) return false;
  const names = path.slice(base.length).split(sep);
  const last = names.pop() ?? "";
  return isName(last) && fitsSteps(steps, names);
}

function fitsSteps(steps: readonly GlobStep[], names: readonly string[]): boolean {
  const [step, ...rest] = steps;
  if (step === undefined) return names.length === 0;
  const [name, ...below] = names;
  if (step !== "**") return name !== undefined && step(name) && fitsSteps(rest, below);
  return fitsSteps(rest, names) ||
    (name !== undefined && !name.startsWith(".") && fitsSteps(steps, below));
}

function parseOne(pattern: string): Glob {
  const parts = pattern.split("/");
  const last = parts.pop() ?? "";
  const magicAt = parts.findIndex((part) => isGlob(part));
  const lead = magicAt === -1 ? parts : parts.slice(0, magicAt);
  const way = magicAt === -1 ? [] : parts.slice(magicAt);
  const steps: GlobStep[] = way.filter((part) => part !== "" && part !== ".")
    .map((part) => part === "**" ? part : nameTest(part));
  // `logs/**` means every file below, so its last step is a way and any name at its end.
  if (last === "**") steps.push("**");
  const isName = nameTest(last === "**" ? "*" : last);
  const folder = lead.map(unescaped).join("/");
  return { root: isAbsolute(pattern) ? join("/", folder) : resolve(folder), steps, isName };
}

const unescaped = (text: string): string => text.replaceAll(/\\(.)/gsu, "$1");

/** A pattern of one name as a regular expression. */
function nameTest(pattern: string): (name: string) => boolean {
  if (!MAGIC.test(pattern)) {
    const literal = unescaped(pattern);
    return (name) => name === literal;
  }
  const tokens = pattern.match(/\\.|\[[!^]?\]?(?:\\.|[^\]\\])*\]|./gsu) ?? [];
  const expression = new RegExp(`^${tokens.map(tokenExpression).join("")}$`, "su");
  const takesDot = /^\\?\./.test(pattern);
  return (name) => (takesDot || !name.startsWith(".")) && expression.test(name);
}

function tokenExpression(token: string, index: number, tokens: readonly string[]): string {
  // Stars in a row mean what one means, and would only make the search slow.
  if (token === "*") return tokens[index - 1] === "*" ? "" : ".*";
  if (token === "?") return ".";
  if (token.length > 2 && token.startsWith("[")) return classExpression(token);
  return literalExpression(token.startsWith("\\") && token.length > 1 ? token.slice(1) : token);
}

function classExpression(token: string): string {
  const isNegated = token[1] === "!" || token[1] === "^";
  const body = token.slice(isNegated ? 2 : 1, -1);
  const members = body.match(/(?:\\.|.)-(?:\\.|.)|\\.|./gsu) ?? [];
  const inside = members.map((member) => {
    const [from = "", to] = (member.match(/\\.|./gsu) ?? []).length === 3
      ? rangeOf(member)
      : [unescaped(member)];
    if (to === undefined) return literalExpression(from);
    // A range that runs backwards fits nothing, as in a shell.
    return from > to ? "" : `${literalExpression(from)}-${literalExpression(to)}`;
  });
  return `[${isNegated ? "^" : ""}${inside.join("")}]`;
}

function rangeOf(member: string): [string, string] {
  const [from = "", , to = ""] = member.match(/\\.|./gsu) ?? [];
  return [unescaped(from), unescaped(to)];
}

/** A code point escape is literal everywhere in an expression with the flag `u`. */
function literalExpression(text: string): string {
  return [...text].map((char) => `\\u{${char.codePointAt(0)?.toString(16)}}`).join("");
}

/** The alternatives of a pattern; braces without a comma, or without an end, are themselves. */
function expandBraces(pattern: string): readonly string[] {
  const done: string[] = [];
  const todo = [pattern];
  for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
    const brace = findBrace(one);
    if (brace === undefined) done.push(one);
    else todo.push(...brace.toReversed());
    if (done.length + todo.length > MAX_ALTERNATIVES) {
      throw new UsageError(
        `The pattern "${pattern}" has more than ${MAX_ALTERNATIVES} alternatives: use * instead`,
      );
    }
  }
  return done;
}

/** The patterns that the first brace with alternatives stands for. */
function findBrace(pattern: string): string[] | undefined {
  for (let start = 0; start < pattern.length; start++) {
    if (pattern[start] === "\\") start++;
    else if (pattern[start] === "{") {
      const found = alternatives(pattern, start);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function alternatives(pattern: string, start: number): string[] | undefined {
  const cuts = [start];
  let depth = 0;
  for (let at = start + 1; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") at++;
    else if (char === "{") depth++;
    else if (char === "," && depth === 0) cuts.push(at);
    else if (char === "}" && depth-- === 0) {
      if (cuts.length === 1) return undefined;
      const ends = [...cuts.slice(1), at];
      const head = pattern.slice(0, start);
      const tail = pattern.slice(at + 1);
      return cuts.map((cut, index) => head + pattern.slice(cut + 1, ends[index]) + tail);
    }
  }
  return undefined;
}
