/** Every setting, by the schema's own list: wrong in kind, out of range, and misspelt. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type LaneOptions, memoryStore, openPipeline } from "../mod.ts";
import { ConfigError, configSchema, parseConfig } from "../src/config/config.ts";
import { settingsOf } from "../src/config/schema.ts";
import { type Meta, metaOf, type Setting } from "../src/config/setting.ts";

/** A setting, and what has to stand around it. */
interface Case {
  readonly path: readonly (string | number)[];
  readonly meta: Meta;
  /** A configuration with this value there. */
  readonly around: (value: unknown) => unknown;
  /** Other names beside it. */
  readonly siblings: readonly string[];
}

const REQUIRED: Readonly<Record<string, unknown>> = {
  path: "x.log",
  paths: ["x.log"],
  url: "http://127.0.0.1:9/",
};

function casesOf(setting: Setting<unknown>, at: Case): Case[] {
  const meta = metaOf(setting);
  const here = { ...at, meta };
  switch (meta.kind) {
    case "leaf":
      return [here];
    case "list":
      return casesOf(meta.item, { ...at, path: [...at.path, 0], around: (v) => at.around([v]) });
    case "map":
      return casesOf(meta.item, {
        ...at,
        path: [...at.path, "name"],
        around: (value) => at.around({ name: value }),
      });
    case "choice":
      // One fallback is enough: it is a sink again.
      if (at.path.includes("fallback")) return [];
      return meta.known().flatMap((sink) => casesOf(sink, at));
    case "section": {
      const needed = Object.fromEntries(meta.required.map((name) => [name, REQUIRED[name]]));
      const type = meta.entries.type === undefined ? {} : typeOf(meta.entries.type);
      return Object.entries(meta.entries).flatMap(([name, entry]) =>
        casesOf(entry, {
          ...at,
          path: [...at.path, name],
          siblings: [...Object.keys(meta.entries), ...Object.keys(meta.aliases)],
          around: (value) => at.around({ ...type, ...needed, [name]: value }),
        })
      );
    }
  }
}

function typeOf(setting: Setting<unknown>): Readonly<Record<string, unknown>> {
  const meta = metaOf(setting);
  return meta.kind === "leaf" && meta.json.const !== undefined ? { type: meta.json.const } : {};
}

const ROOT = settingsOf();
const CASES = casesOf(ROOT, {
  path: [],
  meta: metaOf(ROOT),
  around: (value) => value,
  siblings: [],
}).filter(({ path }) => path.at(-1) !== "type" || path[0] !== "sinks");

function saidOf(value: unknown): readonly { readonly path: string; readonly message: string }[] {
  try {
    parseConfig(value);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

function textOf(path: Case["path"]): string {
  return path.map((step) => typeof step === "number" ? `[${step}]` : `.${step}`).join("").slice(1);
}

test("the table holds every setting", () => {
  assert.ok(CASES.length > 130, `${CASES.length}`);
  const paths = CASES.map(({ path }) => textOf(path));
  for (const path of ["buffer.size", "inputs.files[0].paths[0]", "sinks.name.keep.count"]) {
    assert.ok(paths.includes(path), path);
  }
});

test("a setting of the wrong kind is told where it stands, with what is allowed", () => {
  for (const { path, around } of CASES) {
    for (const value of [{ a: 1 }, [[1]], null, Symbol("x"), () => {}]) {
      // A list may be empty, and one value may stand for a list of one.
      const said = saidOf(around(value));
      assert.equal(said.length, 1, `${textOf(path)} ${JSON.stringify(said)}`);
      assert.match(said[0]?.message ?? "", /cannot be used: allowed are /);
      assert.ok(said[0]?.path.startsWith(textOf(path)), textOf(path));
    }
  }
});

test("a setting out of range is told where it stands, with what is allowed", () => {
  const beyond = [
    -1,
    1.5,
    NaN,
    1e300,
    "",
    "\0",
    "no such value\n",
    true,
    "-1s",
    "1e9",
    "99999999999999999999GB",
  ];
  for (const { path, around } of CASES) {
    let refused = 0;
    for (const value of beyond) {
      const said = saidOf(around(value)).filter(({ message }) => message.includes("allowed are"));
      if (said.length === 0) continue;
      refused++;
      assert.equal(said[0]?.path, textOf(path), JSON.stringify(said));
    }
    assert.ok(refused >= 5, `${textOf(path)} refuses ${refused} of ${beyond.length}`);
  }
});

test("a misspelt setting is told, with the one that was meant", () => {
  for (const { path, around, siblings } of CASES) {
    const name = path.findLast((step) => typeof step === "string" && step !== "name") as string;
    for (const typo of [swapped(name), `${name}x`, name.slice(1), name.toUpperCase()]) {
      if (typo === name || siblings.includes(typo)) continue;
      const text = JSON.stringify(around("x")).replaceAll(`"${name}":`, `"${typo}":`);
      const said = saidOf(JSON.parse(text)).find(({ path }) => path.endsWith(typo));
      assert.ok(said !== undefined, `${text}`);
      assert.match(said.message, /^there is no such setting: /);
      // In names of two or three letters one wrong one can be another name.
      if (name.length > 4) assert.match(said.message, /did you mean "\w+"$/, typo);
    }
  }
});

function swapped(name: string): string {
  return `${name.slice(0, 1)}${name[2] ?? ""}${name[1] ?? ""}${name.slice(3)}`;
}

test("every setting may be written in camelCase", () => {
  const camel = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  for (const { path, around } of CASES) {
    const text = JSON.stringify(around({ a: 1 })).replaceAll(
      /"([a-z_]+)":/g,
      (_, name) => `"${camel(name)}":`,
    );
    const said = saidOf(JSON.parse(text));
    assert.equal(said.length, 1, JSON.stringify(said));
    assert.match(said[0]?.message ?? "", /cannot be used/, textOf(path));
  }
});

/** The least and the most of a number, as the schema says. */
function boundsOf(meta: Meta): number[] {
  if (meta.kind !== "leaf") return [];
  const all = [meta.json, ...(meta.json.anyOf as typeof meta.json[] | undefined ?? [])];
  return all.flatMap(({ minimum, maximum }) => [minimum, maximum])
    // The storage of the largest buffers would take more time than the test is worth.
    .filter((bound): bound is number => typeof bound === "number" && bound !== 10_000_000);
}

test("a pipeline opens with the least and the most of every number", async () => {
  let opened = 0;
  for (const { path, meta, around } of CASES) {
    for (const bound of boundsOf(meta)) {
      // What does not go with the others has its own sentence; it is no matter of range.
      const said = saidOf(around(bound));
      if (said.length > 0) {
        assert.match(
          said[0]?.message ?? "",
          /^(is more|leaves no room|sync needs|does nothing|"path" is|with a store|memory keeps)/,
        );
        continue;
      }
      const { wal, sinks, ...rest } = parseConfig(around(bound));
      const lanes = Object.entries(sinks ?? { console: {} }).map(([name, lane]) => {
        return [name, { ...lane as LaneOptions, sink: () => {} }] as const;
      });
      const { sync: _, ...log } = wal ?? { sync: undefined };
      const options = { ...rest, sinks: Object.fromEntries(lanes), onEvent: () => {} };
      const store = wal === undefined ? {} : { wal: { ...log, store: memoryStore() } };
      try {
        await (await openPipeline({ ...options, ...store })).close();
      } catch (error) {
        assert.fail(`${textOf(path)} ${bound}: ${error}`);
      }
      opened++;
    }
  }
  assert.ok(opened > 130, `${opened}`);
});

test("every setting has a description, and stands in configSchema", () => {
  const schema = configSchema as { properties: Record<string, Record<string, unknown>> };
  const { entries } = metaOf(ROOT) as Extract<Meta, { kind: "section" }>;
  for (const name of Object.keys(entries)) assert.ok(schema.properties[name] !== undefined, name);
  for (const { path, meta } of CASES) assert.ok(meta.description.length > 3, textOf(path));
  const file = readFileSync(new URL("../examples/logflume.schema.json", import.meta.url), "utf8");
  assert.deepEqual(JSON.parse(file), configSchema);
});
