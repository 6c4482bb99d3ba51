import { type FileStore, memoryStore } from "../../mod.ts";

/** A memory store that passes for a disk, so that a log over it behaves as one on disk does. */
export function durableMemory(): FileStore {
  const inner = new Map<string, FileStore>();
  return {
    ...memoryStore(),
    label: "test disk",
    keeps: "disk",
    inner(name) {
      const found = inner.get(name) ?? durableMemory();
      inner.set(name, found);
      return found;
    },
  };
}
