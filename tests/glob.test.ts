import { test } from "node:test";
import assert from "node:assert/strict";
import { resolve } from "node:path";
import fc from "fast-check";
import { fitsGlob, isGlob, literalGlob, parseGlob } from "../src/cli/glob.ts";
import { UsageError } from "../src/cli/usage_error.ts";
import { compareAge, familyOf, nameBefore } from "../src/cli/rotated_name.ts";

const fits = (pattern: string, path: string): boolean =>
  parseGlob(pattern).some((glob) => fitsGlob(glob, resolve(path)));

const cases: [pattern: string, fits: string[], fitsNot: string[]][] = [
  ["logs/*.log", ["logs/a.log", "logs/a b.log"], ["logs/.a.log", "logs/x/a.log", "a.log"]],
  ["*.log", ["a.log", "ä😀.log"], ["a.log.1", "x/a.log", "alog"]],
  ["./logs//*.log", ["logs/a.log"], ["logs/a.txt"]],
  ["../x/*.log", ["../x/a.log"], ["x/a.log"]],
  ["/var/log/*", ["/var/log/a"], ["/var/a", "var/log/a"]],
  ["/*.log", ["/a.log"], ["/x/a.log"]],
  ["logs/app.log*", ["logs/app.log", "logs/app.log.1"], ["logs/app.lo"]],
  ["**/*.log", ["a.log", "x/a.log", "x/y/a.log"], ["x/.y/a.log", "x/a.txt"]],
  ["logs/**/*.log", ["logs/a.log", "logs/x/y/a.log"], ["a.log"]],
  ["logs/**", ["logs/a", "logs/x/y/a"], ["logs/.a", "a"]],
  ["logs/*/a.log", ["logs/x/a.log"], ["logs/a.log", "logs/x/y/a.log", "logs/.x/a.log"]],
  ["**/x/**/a", ["x/a", "x/y/a", "y/x/z/x/a"], ["a", "y/a"]],
  [".*", [".a"], ["a"]],
  ["a?c", ["abc", "a😀c"], ["ac", "abbc"]],
  ["app-[0-9].log", ["app-3.log"], ["app-x.log", "app-10.log"]],
  ["app-[!0-9].log", ["app-x.log"], ["app-3.log"]],
  ["app-[^a-c].log", ["app-d.log"], ["app-b.log"]],
  ["[]a]", ["]", "a"], ["b"]],
  ["[a-]", ["a", "-"], ["b"]],
  ["[z-a]", [], ["a", "m", "z"]],
  ["[a", ["[a"], ["a"]],
  ["[\\]]", ["]"], ["\\"]],
  ["{a,b}.log", ["a.log", "b.log"], ["c.log"]],
  ["{a,b{1,2}}/*.log", ["a/x.log", "b1/x.log", "b2/x.log"], ["b/x.log"]],
  ["{logs/a,b}.log", ["logs/a.log", "b.log"], ["a.log"]],
  ["a{,.1}", ["a", "a.1"], ["a.2"]],
  ["{a}*", ["{a}", "{a}b"], ["a"]],
  ["{a,b*", ["{a,bc"], ["a", "b"]],
  ["a\\*.log*", ["a*.log", "a*.log.1"], ["ab.log"]],
  ["a\\{b,c\\}*", ["a{b,c}"], ["ab"]],
  ["a+(b)|.log*", ["a+(b)|.log"], ["aab.log"]],
  ["***.log", ["a.log"], ["a.txt"]],
];

for (const [pattern, yes, no] of cases) {
  test(`the pattern ${pattern} takes what a shell would take`, () => {
    assert.deepEqual(yes.filter((path) => !fits(pattern, path)), []);
    assert.deepEqual(no.filter((path) => fits(pattern, path)), []);
  });
}

test("parseGlob() takes any text, and a path with everything special escaped fits itself only", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .map((text) => text.replaceAll(/[/\0]/g, "_"))
    .filter((text) => text !== "." && text !== ".." && text !== "**");
  fc.assert(fc.property(name, name, (one, other) => {
    parseGlob(one);
    const escaped = one.replaceAll(/[*?[\]{},\\]/g, "\\$&");
    assert.equal(fits(escaped, `./${one}`), true);
    assert.equal(fits(escaped, `./${other}`), one === other);
    assert.equal(fitsGlob(literalGlob(`./${one}`), resolve(`./${other}`)), one === other);
  }));
});

test("a star fits as a slow and simple matcher says", () => {
  const slow = (pattern: string, name: string): boolean => {
    if (pattern === "") return name === "";
    if (pattern[0] === "*") {
      return slow(pattern.slice(1), name) || (name !== "" && slow(pattern, name.slice(1)));
    }
    return name !== "" && (pattern[0] === "?" || pattern[0] === name[0]) &&
      slow(pattern.slice(1), name.slice(1));
  };
  const text = (chars: string) => fc.string({ unit: fc.constantFrom(...chars), maxLength: 8 });
  fc.assert(fc.property(text("ab*?"), text("ab"), (pattern, name) => {
    fc.pre(name !== "" && pattern !== "**");
    assert.equal(fits(`x${pattern}`, `x${name}`), slow(pattern, name));
  }));
});

test("a pattern with too many alternatives is a mistake", () => {
  assert.throws(() => parseGlob("{a,b}".repeat(12)), UsageError);
});

test("isGlob() tells patterns from names", () => {
  assert.deepEqual(["a.log", "a*", "a?", "[a]", "{a}", "-"].map(isGlob), [
    false,
    true,
    true,
    true,
    true,
    false,
  ]);
});

const rotated: [name: string, base: string | undefined][] = [
  ["app.log.1", "app.log"],
  ["app.log-20260131", "app.log"],
  ["app.log.2026-01-31T10:00", "app.log"],
  ["app.log.2026-01-31.2", "app.log"],
  ["app.000042.2026-11-21T10-54-23Z.log", "app.log"],
  ["app.log", undefined],
  ["app.log.old", undefined],
  ["app.log.1.gz", undefined],
  ["other.log.1", undefined],
];

for (const [name, base] of rotated) {
  test(`nameBefore() of ${name} is ${base}`, () => {
    assert.equal(nameBefore(name, (other) => other === "app.log"), base);
  });
}

test("compareAge() puts the oldest of a family first and the file itself last", () => {
  const names = ["b.log", "app.log", "app.log.1", "app.log.10", "app.log.2", "app.log-20260102"];
  assert.deepEqual(names.sort(compareAge).filter((name) => !name.includes("-")), [
    "app.log.10",
    "app.log.2",
    "app.log.1",
    "app.log",
    "b.log",
  ]);
  assert.deepEqual(["x.2026-02-01", "x.2026-01-31", "x"].sort(compareAge), [
    "x.2026-01-31",
    "x.2026-02-01",
    "x",
  ]);
  assert.deepEqual(["a.log.3", "a.log", "10.0.0.1.log"].map(familyOf), [
    "a.log",
    "a.log",
    "10.0.0.1.log",
  ]);
});
