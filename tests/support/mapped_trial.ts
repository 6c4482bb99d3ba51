/** What the tests of mapped files share. */
import type { AppendFile } from "../../src/platform/append_file.ts";
import { openMappedFile } from "../../src/platform/mapped_file.ts";
import { RUNTIME } from "./spawn.ts";

/** The smallest chunk there is, so that a test crosses many. */
export const CHUNK = 65_536;

/** The options of a test that maps files. Node has no mappings: there a sentence is what is tested. */
export const mapped: { skip: boolean; timeout: number } = {
  skip: RUNTIME === "node",
  timeout: 60_000,
};

/** Opens a file with small chunks. */
export function open(path: string): AppendFile {
  return openMappedFile(path, { chunkBytes: CHUNK });
}

/** Bytes that are no zeros, and differ from call to call. */
export function noise(count: number, seed: number): Uint8Array {
  return new Uint8Array(count).map((_, i) => 1 + (i * 31 + seed * 7 + (i >> 8)) % 255);
}
