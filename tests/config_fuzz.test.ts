/** Whatever is given: a configuration, or a `ConfigError` that says what is wrong. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError, parseConfig } from "../src/config/config.ts";
import { check } from "../src/config/check.ts";
import { settingsOf } from "../src/config/schema.ts";
import { metaOf, type Setting } from "../src/config/setting.ts";
import { parseYaml } from "../src/config/yaml.ts";

const ENV = { env: { SET: "10" } };

/** What is said, or undefined if it is taken; anything else is what must not happen. */
function errorOf(work: () => unknown): ConfigError | undefined {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.ok(error.problems.length > 0);
    assert.equal(error.message.split("\n").length >= error.problems.length, true);
    return error;
  }
  return undefined;
}

/** Every name that a configuration may hold. */
function namesOf(setting: Setting<unknown>, depth = 0): string[] {
  const meta = metaOf(setting);
  if (meta.kind === "section") {
    const below = Object.values(meta.entries).flatMap((entry) => namesOf(entry, depth + 1));
    return [...Object.keys(meta.entries), ...Object.keys(meta.aliases), ...below];
  }
  if (meta.kind === "map" || meta.kind === "list") return namesOf(meta.item, depth + 1);
  if (meta.kind === "choice" && depth < 5) {
    return meta.known().flatMap((sink) => namesOf(sink, depth + 3));
  }
  return [];
}

const NAMES = [...new Set(namesOf(settingsOf()))];

const leaves = fc.oneof(
  fc.constantFrom(
    "console",
    "file",
    "http",
    "sqlite",
    "memory",
    "block",
    "${SET}",
    "${NOT}",
    "all",
    "1MiB",
    "5s",
    "x.log",
    "http://127.0.0.1:9/",
    "off",
  ),
  fc.integer({ min: -2, max: 70_000 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string(),
);

/** Trees of names that exist, mostly in places where they do not. */
const { tree: trees } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", maxDepth: 6 },
    leaves,
    fc.dictionary(fc.constantFrom(...NAMES), tie("tree"), { maxKeys: 6 }),
    fc.array(tie("tree"), { maxLength: 3 }),
  ),
}));

test("parseConfig() takes any value or says what is wrong with it", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      errorOf(() => parseConfig(value, ENV));
    }),
    { numRuns: 500 },
  );
});

test("parseConfig() takes any tree of its own names or says what is wrong with it", () => {
  const sections = fc.dictionary(fc.constantFrom(...NAMES), trees, { maxKeys: 5 });
  fc.assert(
    fc.property(sections, (value) => {
      errorOf(() => parseConfig(value, ENV));
    }),
    { numRuns: 1000 },
  );
});

test("a setting that is right stays so beside others that are wrong", () => {
  fc.assert(
    fc.property(trees, (wrong) => {
      const error = errorOf(() =>
        parseConfig({ level: "warn", buffer: { size: 5 }, sinks: wrong, nosuch: wrong }, ENV)
      );
      assert.ok(error !== undefined);
      assert.ok(error.problems.some(({ path }) => path === "nosuch"));
      assert.ok(error.problems.every(({ path }) => !/^(level|buffer)/.test(path)), error.message);
    }),
    { numRuns: 300 },
  );
});

const EXAMPLE = readFileSync(new URL("../examples/logflume.yaml", import.meta.url), "utf8");

/** Reads YAML as a file is read. */
function read(text: string): void {
  const source = parseYaml(text, "fuzz.yaml");
  const { problems } = check(source, (name) => name === "SET" ? "10" : undefined, []);
  if (problems.length > 0) throw new ConfigError(problems, "fuzz.yaml");
}

function assertPlaced(error: ConfigError | undefined): void {
  for (const { line, column } of error?.problems ?? []) {
    // Only what has no place, such as too many aliases, goes without.
    assert.ok(
      (line === undefined && column === undefined) || (Number(line) >= 1 && Number(column) >= 1),
    );
  }
}

test("any text is YAML of a configuration, or it is said what is wrong", () => {
  const pieces = fc.constantFrom(
    "a",
    ": ",
    ":",
    "- ",
    "\n",
    "  ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "<<",
    "? ",
    "|",
    ">",
    "'",
    '"',
    "#",
    "!",
    "!!map",
    "%YAML",
    "---",
    "...",
    "${SET}",
    "${",
    "\r\n",
    "\ufeff",
    "\u0000",
    "\\",
    "buffer",
    "size",
    "1",
    "~",
  );
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join("")),
    fc.string(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      assertPlaced(errorOf(() => read(text)));
    }),
    { numRuns: 2000 },
  );
});

test("the example with a few characters changed is taken, or it is said what is wrong", () => {
  const change = fc.record({
    at: fc.nat(EXAMPLE.length),
    remove: fc.nat(20),
    insert: fc.string({ maxLength: 5 }),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let text = EXAMPLE;
      for (const { at, remove, insert } of changes) {
        text = text.slice(0, at) + insert + text.slice(at + remove);
      }
      assertPlaced(errorOf(() => read(text)));
    }),
    { numRuns: 200 },
  );
});
