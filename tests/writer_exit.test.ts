import assert from "node:assert/strict";
import { test } from "node:test";
import { startScript } from "./support/spawn.ts";

test("a program that ends by itself without close() has its records processed", async () => {
  const { code, stdout, stderr } = await startScript("writer_child.ts", {}).ended;
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n").sort();
  assert.deepEqual(lines, ["batch a,b", "limited a", "limited b", "plain a", "plain b"], stderr);
});
