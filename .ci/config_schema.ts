/**
 * Writes the JSON Schema of the configuration, for editors: as the module that `./config` exports and as a
 * file beside the examples. With `--check` it writes nothing, and fails when they are not what it would
 * write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { settingsOf } from "../src/config/schema.ts";
import {
  type Choice,
  type Collection,
  type JsonSchema,
  metaOf,
  type Section,
  type Setting,
} from "../src/config/setting.ts";

/** Sinks are described once: a fallback is a sink again. */
const SINK = "#/definitions/sink";

/** The schema, out of the same settings that check a configuration. */
function jsonSchema(): JsonSchema {
  const settings = metaOf(settingsOf()) as Section;
  const sinks = metaOf(settings.entries.sinks as Setting<unknown>) as Collection;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "logflume",
    ...sectionOf(settings, "#"),
    definitions: { sink: sinkOf(metaOf(sinks.item) as Choice) },
  };
}

/** Where each setting stands that was written. */
const places = new Map<Setting<unknown>, string>();

/**
 * A setting; one that stands elsewhere already is only named.
 *
 * @param at Where the schema stands, as a JSON pointer
 */
function schemaOf(setting: Setting<unknown>, at: string): JsonSchema {
  const place = places.get(setting);
  if (place !== undefined) return { $ref: place };
  places.set(setting, at);
  const meta = metaOf(setting);
  const { description } = meta;
  switch (meta.kind) {
    case "leaf":
      return { description, ...withVariable(meta.json) };
    case "section":
      return sectionOf(meta, at);
    case "map": {
      const items = schemaOf(meta.item, `${at}/additionalProperties`);
      return { description, type: ["object", "null"], additionalProperties: items };
    }
    case "list": {
      const one = `${at}/anyOf/0/items`;
      const many = { type: "array", items: schemaOf(meta.item, one) };
      return { description, anyOf: [many, { $ref: one }] };
    }
    case "choice":
      return { $ref: SINK };
  }
}

/** Every value may come from the environment, and is a text in the file then. */
function withVariable(json: JsonSchema): JsonSchema {
  const isText = json.type === "string" && json.pattern === undefined;
  if (isText || json.const !== undefined) return json;
  return { anyOf: [json, { type: "string", pattern: "\\$\\{.+\\}" }] };
}

function sectionOf(section: Section, at: string): JsonSchema {
  const { description, entries, aliases, required, isOpen } = section;
  const properties: Record<string, JsonSchema> = {};
  for (const [name, setting] of Object.entries(entries)) {
    properties[name] = schemaOf(setting, `${at}/properties/${name}`);
  }
  for (const [other, name] of [...camelNames(entries), ...Object.entries(aliases)]) {
    if (properties[name] !== undefined) properties[other] = { $ref: `${at}/properties/${name}` };
  }
  return {
    description,
    type: required.length === 0 ? ["object", "null"] : "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: isOpen,
  };
}

function camelNames(entries: Section["entries"]): [other: string, name: string][] {
  return Object.keys(entries)
    .map((name): [string, string] => [camel(name), name])
    .filter(([other, name]) => other !== name);
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function sinkOf({ known }: Choice): JsonSchema {
  const sections = known().map((sink) => metaOf(sink) as Section);
  const names = sections.map(({ entries }) => {
    const type = metaOf(entries.type as Setting<unknown>);
    return type.kind === "leaf" ? type.json.const : undefined;
  });
  // What the types of a program take is theirs to say.
  const other = {
    description: "A sink of a type that the program has registered",
    type: "object",
    properties: { type: { type: "string", not: { enum: names } } },
    required: ["type"],
  };
  return {
    anyOf: [...sections.map((section, i) => sectionOf(section, `${SINK}/anyOf/${i}`)), other],
  };
}

function write(name: string, text: string, isCheck: boolean): boolean {
  const path = new URL(`../${name}`, import.meta.url);
  if (!isCheck) writeFileSync(path, text);
  if (readFileSync(path, "utf8") === text) return true;
  console.error(`${name} is not what the settings say: run deno task schema`);
  return false;
}

/** JSON with a line for each setting of the first levels: what is deeper is read by editors alone. */
function textOf(value: unknown, levels: number, indent = ""): string {
  const isList = Array.isArray(value);
  if (levels === 0 || typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const items = Object.entries(value).map(([key, item]) => {
    const text = textOf(item, levels - 1, inner);
    return `${inner}${isList ? "" : `${JSON.stringify(key)}: `}${text}`;
  });
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  return items.length === 0
    ? `${open}${close}`
    : `${open}\n${items.join(",\n")}\n${indent}${close}`;
}

const schema = jsonSchema();
const module = `// deno-fmt-ignore-file
import type { JsonSchema } from "./setting.ts";

/**
 * What a configuration may hold, as a JSON Schema (draft 7), by which editors complete and check. Made
 * from the settings that check it: \`deno task schema\` writes it anew.
 */
export const configSchema: JsonSchema = ${textOf(schema, 4)};
`;
const isCheck = process.argv.includes("--check");
const areFresh = [
  write("src/config/json_schema.ts", module, isCheck),
  write("examples/logflume.schema.json", `${JSON.stringify(schema, null, 2)}\n`, isCheck),
];
process.exitCode = areFresh.every(Boolean) ? 0 : 1;
