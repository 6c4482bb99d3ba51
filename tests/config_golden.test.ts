/** What is said of wrong files, word by word. Written anew with LOGFLUME_GOLDEN=write, then read by a person. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ConfigError, loadConfig } from "../src/config/config.ts";

const FOLDER = fileURLToPath(new URL("golden/config/", import.meta.url));

for (const name of readdirSync(FOLDER).filter((name) => name.endsWith(".wrong"))) {
  test(`what is said of ${name} is what is written down`, async () => {
    const error = await loadConfig(FOLDER + name, { env: {} }).then(
      () => assert.fail("it was taken"),
      (error: unknown) => error,
    );
    assert.ok(error instanceof ConfigError, String(error));
    const said = `${error.message.replaceAll(FOLDER, "")}\n`;
    const golden = `${FOLDER}${name.replace(/wrong$/, "said.txt")}`;
    if (process.env.LOGFLUME_GOLDEN === "write") writeFileSync(golden, said);
    assert.equal(said, readFileSync(golden, "utf8"));
  });
}
