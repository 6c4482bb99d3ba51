import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtimeArgs } from "./support/runtime_args.ts";
import { RUNTIME } from "./support/spawn.ts";

/** How each runtime is told to let a script collect its garbage. */
const RUN = {
  deno: runtimeArgs("-A", "--v8-flags=--expose-gc"),
  bun: [],
  node: ["--expose-gc"],
};

/** All records are 200 MB: whoever held them, or what a hundred readers have not read, would show. */
const MAX_GROWTH = 16 * 1024 * 1024;

test("a million records through a hundred cursors: all accounted for, memory O(1)", () => {
  const child = fileURLToPath(new URL("support/tail_load_child.ts", import.meta.url));
  const args = [...RUN[RUNTIME], child];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const growth = Number(stdout);
  assert.ok(growth < MAX_GROWTH, `It holds ${growth} bytes more`);
});
