/** A file through write(2) beside one through a memory mapping. Run with `deno task bench`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppendFile, openAppendFile } from "../src/platform/append_file.ts";
import { openMappedFile } from "../src/platform/mapped_file.ts";

/** So much goes into a new file each time, its opening and closing included. */
const TOTAL_BYTES = 8 * 1024 * 1024;
const FILES: readonly [name: string, open: (path: string) => AppendFile][] = [
  ["write(2)", openAppendFile],
  ["mapping", openMappedFile],
];

function fill(open: (path: string) => AppendFile, block: Uint8Array): void {
  const folder = mkdtempSync(join(tmpdir(), "logflume-bench-"));
  const file = open(join(folder, "app.log"));
  for (let at = 0; at < TOTAL_BYTES; at += block.length) file.append(block);
  file.close();
  rmSync(folder, { recursive: true });
}

for (
  const [what, bytes] of [["a line of 125 bytes", 125], ["a block of 64 KiB", 65_536]] as const
) {
  const block = new Uint8Array(bytes).fill(120);
  for (const [name, open] of FILES) {
    Deno.bench(`${name}: 8 MiB, ${what} an append`, {
      group: what,
      baseline: open === openAppendFile,
    }, () => fill(open, block));
  }
}
