/**
 * Shared memory mappings of files: a store into the bytes is a store into the file, which every other
 * program sees at once and which outlives the process. Deno and Bun have them; Node does not.
 *
 * @module
 */
import { bunMapper } from "./mmap_bun.ts";
import { denoMapper } from "./mmap_deno.ts";
import type { Mapper } from "./mmap_driver.ts";

let mapper: Mapper | undefined;

/**
 * The mapper of this runtime. The C library is loaded once.
 *
 * @throws {Error} If there is none; the message ends a sentence: why, and what to do
 */
export function systemMapper(): Mapper {
  mapper ??= denoMapper() ?? bunMapper();
  if (mapper !== undefined) return mapper;
  throw new Error('this runtime has no memory mappings; use the strategy "block"');
}
