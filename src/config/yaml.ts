/** YAML with positions. */
import * as yaml from "yaml";
import type { Position, Source } from "./check.ts";
import { ConfigError, type ConfigPath, type ConfigProblem } from "./problem.ts";

/** Aliases may stand for so many nodes; an attack with aliases of aliases goes into millions. */
const MAX_ALIASES = 100;
/**
 * The parser takes seconds for a million tokens that fit nowhere; the example with every setting has a few
 * hundred.
 */
const MAX_TOKENS = 30_000;
/** More than anybody corrects at once. */
const MAX_PROBLEMS = 50;
/** What is wrong, by the parser's code. Its own words may quote the file, and with it a secret. */
const SAID: Readonly<Partial<Record<yaml.ErrorCode, string>>> = {
  BAD_ALIAS: "cannot find what this alias stands for: allowed are names that an & before it gives",
  BAD_DIRECTIVE: "cannot read this directive: allowed is %YAML 1.2",
  BAD_DQ_ESCAPE: 'cannot read this escape: allowed are \\n, \\t, \\\\, \\" and the like',
  BAD_INDENT:
    "the indentation does not fit, or a bracket is not closed: allowed is the same number of spaces for all keys of a mapping",
  BAD_SCALAR_START: "a plain text cannot begin like this: put it in quotes",
  BLOCK_AS_IMPLICIT_KEY:
    "one line holds two keys: put the second one in a line of its own, or the value in quotes",
  DUPLICATE_KEY: "this key stands here already: allowed is each key once",
  MISSING_CHAR:
    "something is missing that ends this: a quote, a bracket, a brace, a comma or a colon",
  MULTILINE_IMPLICIT_KEY:
    "a key goes over several lines: allowed is one line, with a colon after it",
  MULTIPLE_DOCS: "there are several documents: allowed is one, without a line of ---",
  NON_STRING_KEY: "this key is no text: allowed are texts",
  RESOURCE_EXHAUSTION: "this goes too deep",
  TAB_AS_INDENT: "a tab stands where the indentation is: allowed are spaces",
  TAG_RESOLVE_FAILED: "cannot read this tag: allowed is YAML without tags of its own",
};
const NO_YAML = "this is not YAML: look for a missing colon, quote or space before it";

/**
 * Reads one YAML 1.2 document.
 *
 * @throws {ConfigError} If it is none
 */
export function parseYaml(text: string, file: string | undefined): Source {
  assertModest(text, file);
  const lines = new yaml.LineCounter();
  const document = parse(text, lines, file);
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) =>
    problemAt(positionOf(lines, pos[0]), SAID[code] ?? NO_YAML)
  );
  if (problems.length === 0) problems.push(...oddNodes(document, lines));
  if (problems.length > 0) throw new ConfigError(distinct(problems), file);
  const value = valueOf(document, file);
  return {
    value,
    locate: (path, ofKey) => {
      const offset = offsetOf(document, path, ofKey);
      return offset === undefined ? undefined : positionOf(lines, offset);
    },
  };
}

/** Looks at the words alone, which takes a time in proportion to the text. */
function assertModest(text: string, file: string | undefined): void {
  let count = 0;
  for (const _ of new yaml.Lexer().lex(text)) {
    if (++count <= MAX_TOKENS) continue;
    const message = `this file holds too much: allowed are ${MAX_TOKENS} words and signs`;
    throw new ConfigError([problemAt(undefined, message)], file);
  }
}

function parse(
  text: string,
  lineCounter: yaml.LineCounter,
  file: string | undefined,
): yaml.Document.Parsed {
  try {
    return yaml.parseDocument(text, { lineCounter, prettyErrors: false, merge: true });
  } catch {
    // Such as brackets nested so deep that the stack ends.
    throw new ConfigError([problemAt(undefined, NO_YAML)], file);
  }
}

/** What parses, and yet has no value. */
function oddNodes(document: yaml.Document, lines: yaml.LineCounter): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (node: unknown, message = NO_YAML): void => {
    problems.push(problemAt(positionOf(lines, startOf(node) ?? 0), message));
  };
  yaml.visit(document, {
    Alias: (_, node) => {
      const target = node.resolve(document);
      if (target === undefined) add(node, SAID.BAD_ALIAS);
      else if (isWithin(node, target)) add(node, "this alias stands in what it stands for");
    },
    Pair: (_, { key }) => {
      if (!yaml.isScalar(key)) add(key, SAID.NON_STRING_KEY);
    },
  });
  return problems;
}

function startOf(node: unknown): number | undefined {
  return yaml.isNode(node) ? node.range?.[0] : undefined;
}

function isWithin(node: yaml.Node, outer: yaml.Node): boolean {
  const [start, end = 0] = outer.range ?? [];
  const at = startOf(node);
  return start !== undefined && at !== undefined && start <= at && at < end;
}

/** One of a kind a line: what follows the first one is often its consequence. */
function distinct(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const byPlace = new Map(
    problems.map((problem) => [`${problem.line} ${problem.message}`, problem]),
  );
  return [...byPlace.values()].slice(0, MAX_PROBLEMS);
}

function valueOf(document: yaml.Document, file: string | undefined): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    const message = `aliases stand for too much: allowed are ${MAX_ALIASES} nodes by all together`;
    throw new ConfigError([problemAt(undefined, message)], file);
  }
}

function problemAt(at: Position | undefined, message: string): ConfigProblem {
  return { path: "", line: at?.line, column: at?.column, message };
}

function positionOf(lines: yaml.LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Where a path begins: its last step that stands in the file, whose key it is if there is no value. */
function offsetOf(document: yaml.Document, path: ConfigPath, ofKey: boolean): number | undefined {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [i, step] of path.entries()) {
    const target = yaml.isAlias(node) ? node.resolve(document) : node;
    const found = stepInto(target, step);
    if (found === undefined) return offset;
    node = found.value;
    const wantsKey = ofKey && i === path.length - 1;
    const best = wantsKey || !yaml.isNode(node) ? found.key ?? node : node;
    offset = startOf(best) ?? offset;
  }
  return offset;
}

interface Found {
  readonly key?: unknown;
  readonly value: unknown;
}

function stepInto(node: unknown, step: string | number): Found | undefined {
  if (yaml.isSeq(node)) return { value: node.items[Number(step)] };
  if (!yaml.isMap(node)) return undefined;
  for (const { key, value } of node.items) {
    const name = yaml.isScalar(key) ? key.value : key;
    if (String(name) === String(step)) return { key, value };
  }
  return undefined;
}
