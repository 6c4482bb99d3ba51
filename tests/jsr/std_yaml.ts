/** Another YAML parser in front of `parseConfig`: that of the Deno standard library. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadConfig, parseConfig } from "../../src/config/config.ts";

/** By name alone, so that nothing that checks this file asks JSR for them. */
const YAML = "@std/yaml";
const ASSERT = "@std/assert";

const FOLDER = fileURLToPath(new URL("../../examples/", import.meta.url));

interface StdYaml {
  readonly parse: (text: string) => unknown;
}

interface StdAssert {
  readonly assertEquals: (actual: unknown, expected: unknown, message?: string) => void;
  readonly assertGreater: (actual: number, expected: number) => void;
}

/**
 * Reads every YAML file of the examples with `@std/yaml`, and asserts that `parseConfig` makes the same
 * pipeline of it as `loadConfig`. Resolves to the files' names.
 */
export async function sameAsStdYaml(): Promise<string[]> {
  const { parse } = await import(YAML) as StdYaml;
  const { assertEquals, assertGreater } = await import(ASSERT) as StdAssert;
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
  assertGreater(names.length, 3);
  for (const name of names) {
    const { file: _, ...loaded } = await loadConfig(FOLDER + name);
    const parsed = parseConfig(parse(readFileSync(FOLDER + name, "utf8")));
    assertEquals(shapeOf(parsed), shapeOf(loaded), name);
  }
  return names;
}

/** A pipeline's options as text: functions by their source, stores by what they are called. */
function shapeOf(config: object): unknown {
  const text = JSON.stringify(config, (key, value) => {
    if (key === "store") return String((value as { readonly label: string }).label);
    return typeof value === "function" ? `function ${value}` : value;
  });
  return JSON.parse(text);
}
