/**
 * The dependency law: which room of `src` may import which, what may touch the runtime, no cycles. A
 * violation reads "file → import: why".
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** A room: which files live in it, and which rooms and packages beside its own it may import. */
interface Room {
  readonly name: string;
  readonly files: RegExp;
  readonly may: readonly string[];
  readonly packages?: RegExp;
  /** May name Deno, Bun, process and node:* outside import statements. */
  readonly touchesRuntime?: boolean;
}

const LEAF_FILES =
  /^src\/(record\/\w+|errors|isolated|sampler|clock|storage\/(store|chunk|window|announcer|group_commit|refusal)|sink\/sink|delivery\/retry_after|pipeline\/stats|metrics\/(metrics|histogram))\.ts$/;
const MECHANISMS = ["buffer", "wal", "delivery", "tail"];
const EDGES = [
  "routes",
  "storage",
  "sink",
  "file writer",
  "metrics",
  "metrics routes",
  "adapters",
];
const PARTS = ["leaf", "logger", ...MECHANISMS, ...EDGES, "platform"];

/** The first room that fits a file is its room. */
const ROOMS: readonly Room[] = [
  { name: "leaf", files: LEAF_FILES, may: [] },
  { name: "logger", files: /^src\/logger\.ts$/, may: ["leaf"] },
  { name: "writer", files: /^src\/writer\//, may: ["leaf", "logger", "buffer"] },
  { name: "buffer", files: /^src\/buffer\//, may: ["leaf"] },
  { name: "wal", files: /^src\/wal\//, may: ["leaf"] },
  { name: "delivery", files: /^src\/delivery\//, may: ["leaf"] },
  {
    // Runs in the browser, bundled into one file: its packages are not ours at run time.
    name: "page",
    files: /^src\/tail\/page\/app\//,
    may: ["leaf", "tail"],
    packages: /^(preact(\/|$)|@preact\/signals$)/,
  },
  {
    name: "routes",
    files: /^src\/tail\/(http|page)\//,
    may: ["leaf", "platform", "tail"],
    packages: /^hono(\/|$)/,
  },
  { name: "tail", files: /^src\/tail\//, may: ["leaf"] },
  { name: "storage", files: /^src\/storage\//, may: ["leaf", "platform"] },
  {
    // A front door of its own: lines into a file, without a pipeline.
    name: "file writer",
    files: /^src\/sink\/(file|file_writer\w*|line_writer|line_queue|init)\.ts$/,
    may: ["leaf", "logger", "buffer", "sink", "platform"],
  },
  { name: "sink", files: /^src\/sink\//, may: ["leaf", "platform"] },
  {
    // Routes beside those of the tail, behind the same guard.
    name: "metrics routes",
    files: /^src\/metrics\/routes\.ts$/,
    may: ["leaf", "metrics", "routes"],
    packages: /^hono(\/|$)/,
  },
  { name: "metrics", files: /^src\/metrics\//, may: ["leaf", "platform"] },
  { name: "adapters", files: /^src\/adapters\//, may: ["leaf", "platform"] },
  {
    name: "platform",
    files: /^src\/platform\//,
    may: ["leaf"],
    packages: /^(node:|bun:|hono(\/|$)|ws$|@hono\/node-server(\/|$))/,
    touchesRuntime: true,
  },
  { name: "pipeline", files: /^src\/pipeline\//, may: PARTS },
  {
    // Makes the options of a whole pipeline, so it stands beside the place that joins the parts.
    name: "config",
    files: /^src\/config\//,
    may: [...PARTS, "pipeline"],
    packages: /^(yaml|valibot)$/,
  },
  { name: "testing", files: /^src\/testing\//, may: [...PARTS, "pipeline", "writer"] },
  {
    name: "cli",
    files: /^src\/cli\//,
    may: [...PARTS, "pipeline", "writer", "config"],
    packages: /^(node:|hono(\/|$))/,
    touchesRuntime: true,
  },
  { name: "entry", files: /^mod\.ts$/, may: [...PARTS, "pipeline", "writer"] },
];

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** A source file with its comments gone and its strings set aside. */
interface Scanned {
  readonly code: string;
  readonly strings: readonly string[];
}

type Sources = ReadonlyMap<string, string>;

/** A regular expression can only stand where no value has just ended. */
const BEFORE_REGEX = /(^|[(,=:[!&|?{};+\-*%~^<>]|\b(return|typeof|case|of|in|throw|void))\s*$/;

const TOKENS: readonly RegExp[] = [
  /\/\/[^\n]*/y,
  /\/\*[^]*?\*\//y,
  /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y,
  /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y,
];

function tokenAt(
  source: string,
  at: number,
  code: string,
): { kind: number; text: string } | undefined {
  // Most characters begin none of them.
  if (!"/\"'".includes(source[at]!)) return undefined;
  for (const [kind, pattern] of TOKENS.entries()) {
    if (kind === 3 && !BEFORE_REGEX.test(code.slice(-40))) continue;
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}

/** Replaces each string by `"index"`, each regular expression by `0`, and drops the text of templates. */
function scan(source: string): Scanned {
  const strings: string[] = [];
  // Open braces inside each `${`: a template goes on where its count comes back to zero.
  const templates: number[] = [];
  let code = "";
  let at = 0;
  const skipTemplateText = (): void => {
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) {
      at += source[at] === "\\" ? 2 : 1;
    }
    if (source[at] === "`") code += '""';
    else templates.push(0);
    at += source[at] === "`" ? 1 : 2;
  };
  while (at < source.length) {
    const token = tokenAt(source, at, code);
    if (token !== undefined) {
      if (token.kind === 2) code += `"${strings.push(token.text.slice(1, -1)) - 1}"`;
      else code += token.kind === 3 ? "0" : " ";
      at += token.text.length;
      continue;
    }
    const char = source[at++] ?? "";
    const depth = templates.at(-1);
    if (char === "`") skipTemplateText();
    else if (char === "}" && depth === 0) {
      templates.pop();
      code += ";";
      skipTemplateText();
    } else {
      if (depth !== undefined && char === "{") templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === "}") templates[templates.length - 1] = depth - 1;
      code += char;
    }
  }
  return { code, strings };
}

const IMPORTS: readonly RegExp[] = [
  /\b(?:import|export)\s+(type\s)?[\w\s{},*$]*?\bfrom\s*"(\d+)"/g,
  /\bimport\s*()"(\d+)"/g,
  /\bimport\s*()\(\s*"(\d+)"/g,
];

function importsOf({ code, strings }: Scanned): Import[] {
  const found: Import[] = [];
  for (const pattern of IMPORTS) {
    for (const [, type, index] of code.matchAll(pattern)) {
      found.push({ specifier: strings[Number(index)] ?? "", typeOnly: type?.trim() === "type" });
    }
  }
  return found;
}

/** Names of the runtime that the code mentions. A property or a parameter may be called `process`. */
function runtimeNames(scanned: Scanned): string[] {
  const { code, strings } = scanned;
  const imported = new Set(importsOf(scanned).map(({ specifier }) => specifier));
  const patterns = [
    /(?<![\w$.])(?:Deno|Bun)\b(?!\s*:)/g,
    /(?<![\w$.])process(?=\s*(?:\?\.|\.|\[))/g,
    /\bglobalThis\b[^;\n]*?\b(?:Deno|Bun|process)\b/g,
  ];
  const inCode = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([text]) => text));
  const asText = strings.filter((text) => /^(node|bun):/.test(text) && !imported.has(text));
  return [...inCode, ...asText];
}

function roomOf(file: string): Room | undefined {
  return ROOMS.find((room) => room.files.test(file));
}

/** The path an import leads to, or `undefined` for a package. */
function targetOf(file: string, specifier: string): string | undefined {
  return /^\.\.?\//.test(specifier) ? posix.join(posix.dirname(file), specifier) : undefined;
}

function fileViolations(file: string, scanned: Scanned, sources: Sources): string[] {
  const room = roomOf(file);
  if (room === undefined) return [`${file}: belongs to no room of the law`];
  const found: string[] = [];
  for (const { specifier } of importsOf(scanned)) {
    const why = whyNot(room, targetOf(file, specifier), specifier, sources);
    if (why !== undefined) found.push(`${file} → ${specifier}: ${why}`);
  }
  if (!room.touchesRuntime) {
    for (const name of runtimeNames(scanned)) {
      found.push(`${file} → ${name}: only src/platform and src/cli`);
    }
  }
  return found;
}

function whyNot(
  room: Room,
  target: string | undefined,
  specifier: string,
  sources: Sources,
): string | undefined {
  if (target === undefined) {
    return room.packages?.test(specifier) ? undefined : `${room.name} may not import this package`;
  }
  if (!sources.has(target)) return "no such file";
  const other = roomOf(target)?.name ?? "no room";
  if (other === room.name || room.may.includes(other)) return undefined;
  return `${room.name} may not import ${other}`;
}

function lawViolations(sources: Sources): string[] {
  return [...sources].flatMap(([file, source]) => fileViolations(file, scan(source), sources));
}

/** The files a file imports. Types of the whole are named by `src/pipeline/pipeline.ts`: no edge. */
function edgesOf(file: string, sources: Sources): string[] {
  return importsOf(scan(sources.get(file) ?? ""))
    .filter(({ typeOnly }) => !(typeOnly && file === "src/pipeline/pipeline.ts"))
    .map(({ specifier }) => targetOf(file, specifier))
    .filter((target) => target !== undefined);
}

function cycles(sources: Sources): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(" → "));
    if (start >= 0 || done.has(file)) return;
    for (const target of edgesOf(file, sources)) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) walk(file, []);
  return found;
}

/** What the graph of an entry reaches outside of our own files. */
function packagesBehind(entry: string, sources: Sources): string[] {
  const found: string[] = [];
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const { specifier } of importsOf(scan(sources.get(file) ?? ""))) {
      const target = targetOf(file, specifier);
      if (target === undefined) found.push(`${file} → ${specifier}`);
      else seen.add(target);
    }
  }
  return found;
}

function readSources(): Sources {
  const root = fileURLToPath(new URL("../", import.meta.url));
  const inSrc = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
    .map((name) => `src/${name.replaceAll("\\", "/")}`);
  const files = ["mod.ts", ...inSrc].filter((name) => /\.tsx?$/.test(name));
  return new Map(files.map((name) => [name, readFileSync(root + name, "utf8")]));
}

test("every import of src obeys the dependency law", () => {
  assert.deepEqual(lawViolations(readSources()), []);
});

test("src has no import cycle, imports of types included", () => {
  assert.deepEqual(cycles(readSources()), []);
});

test("the main entry reaches no node built-in and no npm package", () => {
  assert.deepEqual(packagesBehind("mod.ts", readSources()), []);
});

/** Sources that break the law, and the one violation that must be found. */
const BREAKING: readonly [file: string, source: string, violation: string | undefined][] = [
  ["src/record/a.ts", 'import { x } from "../wal/w.ts";', "→ ../wal/w.ts: leaf may not import wal"],
  ["src/buffer/a.ts", 'import type { X } from "../wal/w.ts";', "buffer may not import wal"],
  ["src/buffer/a.ts", 'export * from "../wal/w.ts";', "buffer may not import wal"],
  ["src/buffer/a.ts", 'const x = await import("../wal/w.ts");', "buffer may not import wal"],
  ["src/buffer/a.ts", 'import "../wal/w.ts";', "buffer may not import wal"],
  [
    "src/buffer/a.ts",
    'import {\n  type X,\n  y,\n} from "../wal/w.ts";',
    "buffer may not import wal",
  ],
  ["src/buffer/a.ts", "import { x } from '../wal/w.ts';", "buffer may not import wal"],
  ["src/writer/a.ts", 'import { x } from "../wal/w.ts";', "writer may not import wal"],
  ["src/tail/a.ts", 'import { x } from "./http/routes.ts";', "tail may not import routes"],
  ["src/tail/a.ts", 'import { x } from "hono";', "tail may not import this package"],
  ["src/sink/a.ts", 'import { x } from "../storage/file.ts";', "sink may not import storage"],
  ["src/pipeline/a.ts", 'import { x } from "../cli/main.ts";', "pipeline may not import cli"],
  ["src/pipeline/a.ts", 'import { x } from "./gone.ts";', "→ ./gone.ts: no such file"],
  ["src/tail/page/app/a.tsx", 'import { x } from "hono";', "page may not import this package"],
  [
    "src/tail/page/app/a.ts",
    'import { x } from "../../http/routes.ts";',
    "page may not import routes",
  ],
  ["src/wal/a.ts", 'import { x } from "node:fs";', "→ node:fs: wal may not import this package"],
  ["src/wal/a.ts", "const pid = process.pid;", "→ process: only src/platform"],
  ["src/wal/a.ts", "const pid = `${`${Deno.pid}`}`;", "→ Deno: only src/platform"],
  ["src/wal/a.ts", "const p = globalThis.process;", "→ globalThis.process: only src/platform"],
  ["src/wal/a.ts", "const r = /[/'\"]/; Bun.gc();", "→ Bun: only src/platform"],
  ["src/wal/a.ts", 'const fs = load("node:fs");', "→ node:fs: only src/platform"],
  [
    "src/pipeline/a.ts",
    'import { x } from "../config/config.ts";',
    "pipeline may not import config",
  ],
  ["src/config/a.ts", 'import { x } from "hono";', "config may not import this package"],
  ["src/odd/a.ts", "", "belongs to no room"],
  ["src/wal/a.ts", '// import { x } from "node:fs"; Deno.exit()', undefined],
  ["src/wal/a.ts", '/** ```ts\n * import { x } from "../cli/main.ts";\n */', undefined],
  ["src/wal/a.ts", 'const s = "Deno.pid" + `it\'s process.pid ${1} { Bun.gc }`;', undefined],
  ["src/wal/a.ts", "f({ process: 1, Bun: 2 }); x.process.y;", undefined],
  ["src/wal/a.ts", "const half = a / b; // 'Deno'\nconst c = d / 2;", undefined],
  ["src/sink/a.ts", 'import { x } from "../platform/fs.ts";', undefined],
  ["src/config/a.ts", 'import { x } from "../storage/file.ts";', undefined],
  [
    "src/tail/http/routes.ts",
    'import { Hono } from "hono"; import { w } from "../hub.ts";',
    undefined,
  ],
  ["src/tail/page/app/a.tsx", 'import { h } from "preact"; import "../../hub.ts";', undefined],
  ["src/cli/a.ts", 'import { exit } from "node:process"; Deno.exit();', undefined],
];

const STANDING = [
  "src/wal/w.ts",
  "src/tail/http/routes.ts",
  "src/tail/hub.ts",
  "src/storage/file.ts",
  "src/cli/main.ts",
  "src/config/config.ts",
  "src/platform/fs.ts",
];

for (const [file, source, violation] of BREAKING) {
  test(`the law ${violation === undefined ? "allows" : "forbids"} ${file}: ${source}`, () => {
    const sources = new Map(STANDING.map((name) => [name, ""])).set(file, source);
    const found = lawViolations(sources);
    if (violation === undefined) assert.deepEqual(found, []);
    else {assert.ok(
        found.some((line) => line.startsWith(file) && line.includes(violation)),
        `${found}`,
      );}
  });
}

test("a cycle is found, and the types of the pipeline make none", () => {
  const sources = new Map([
    ["src/wal/a.ts", 'import type { B } from "./b.ts";'],
    ["src/wal/b.ts", 'import { c } from "./c.ts";'],
    ["src/wal/c.ts", 'export { a } from "./a.ts";'],
  ]);
  assert.deepEqual(cycles(sources), ["src/wal/a.ts → src/wal/b.ts → src/wal/c.ts → src/wal/a.ts"]);
  const face = new Map([
    ["src/pipeline/pipeline.ts", 'import type { O } from "./open.ts";'],
    ["src/pipeline/open.ts", 'import type { P } from "./pipeline.ts";'],
  ]);
  assert.deepEqual(cycles(face), []);
});

test("a package behind the main entry is found", () => {
  const sources = new Map([
    ["mod.ts", 'export * from "./src/a.ts";'],
    ["src/a.ts", 'import type { H } from "hono"; const fs = await import("node:fs");'],
  ]);
  assert.deepEqual(packagesBehind("mod.ts", sources), ["src/a.ts → hono", "src/a.ts → node:fs"]);
});
