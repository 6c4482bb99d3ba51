/** Writes blocks of 1 MiB to a file and syncs each, until standard input ends. */
import { fdatasyncSync, openSync, writeSync } from "node:fs";
import process from "node:process";

const BLOCK_BYTES = 1024 * 1024;
const BLOCKS = 256;

const fd = openSync(process.argv[2]!, "w");
const block = new Uint8Array(BLOCK_BYTES).fill(120);
process.stdin.on("end", () => process.exit(0)).resume();
for (let i = 0;; i = (i + 1) % BLOCKS) {
  writeSync(fd, block, 0, BLOCK_BYTES, i * BLOCK_BYTES);
  fdatasyncSync(fd);
  await new Promise((resolve) => setTimeout(resolve, 0));
}
