/** What must hold of every store, held against each of them. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { memoryStore } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { fileStoreSuite, overFiles, storeSuite, type StoreUnderTest } from "../src/testing/mod.ts";
import type { LogProvider } from "../mod.ts";

function newFolder(): { folder: string; dispose: () => void } {
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-suite-"));
  return { folder, dispose: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/** A store whose files lie in a folder: a copy of the folder is what a kill leaves. */
function inNewFolder(open: (folder: string) => LogProvider): StoreUnderTest {
  const { folder, dispose } = newFolder();
  const data = join(folder, "data");
  return {
    ...open(data),
    rival: () => open(data),
    afterKill: () => {
      const copy = join(folder, "copy");
      fs.cpSync(data, copy, { recursive: true });
      fs.rmSync(join(copy, "LOCK"), { force: true });
      return open(copy);
    },
    dispose,
  };
}

const STORES: Record<string, () => StoreUnderTest> = {
  memoryStore: () => overFiles(memoryStore()),
  fileStore: () => inNewFolder((folder) => overFiles(fileStore(folder))),
  sqliteStore: () => inNewFolder((folder) => sqliteStore(join(folder, "logs.db"))),
};

for (const [store, make] of Object.entries(STORES)) {
  for (const { name, run } of storeSuite(make)) test(`${store}(): ${name}`, run);
}

for (const { name, run } of fileStoreSuite(() => ({ store: memoryStore() }))) {
  test(`memoryStore() as files: ${name}`, run);
}

for (
  const { name, run } of fileStoreSuite(() => {
    const { folder, dispose } = newFolder();
    return { store: fileStore(folder), dispose };
  })
) test(`fileStore() as files: ${name}`, run);
