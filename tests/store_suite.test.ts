/** What must hold of every store, held against each of them. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mirrorStore } from "../examples/mirror_store.ts";
import { type FileStore, type LogProvider, memoryStore } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { fileStoreSuite, overFiles, storeSuite, type StoreUnderTest } from "../src/testing/mod.ts";

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
      // The process that held it is dead.
      for (const name of fs.readdirSync(copy, { recursive: true, encoding: "utf8" })) {
        if (name.endsWith("LOCK")) fs.rmSync(join(copy, name));
      }
      return open(copy);
    },
    dispose,
  };
}

function mirror(folder: string): FileStore {
  return mirrorStore(fileStore(join(folder, "a")), fileStore(join(folder, "b")));
}

const STORES: Record<string, () => StoreUnderTest> = {
  memoryStore: () => overFiles(memoryStore()),
  fileStore: () => inNewFolder((folder) => overFiles(fileStore(folder))),
  sqliteStore: () => inNewFolder((folder) => sqliteStore(join(folder, "logs.db"))),
  mirrorStore: () => inNewFolder((folder) => overFiles(mirror(folder))),
};

for (const [store, make] of Object.entries(STORES)) {
  for (const { name, run } of storeSuite(make)) test(`${store}(): ${name}`, run);
}

const FILE_STORES: Record<string, (folder: string) => FileStore> = {
  memoryStore,
  fileStore,
  mirrorStore: mirror,
};

for (const [store, open] of Object.entries(FILE_STORES)) {
  const make = () => {
    const { folder, dispose } = newFolder();
    return { store: open(folder), dispose };
  };
  for (const { name, run } of fileStoreSuite(make)) test(`${store}() as files: ${name}`, run);
}
