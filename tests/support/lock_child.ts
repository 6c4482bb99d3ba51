/**
 * Opens the store in a folder, says "open" or why not, and then does as the task says: it ends without
 * closing, or keeps the store open until its standard input ends.
 */
import process from "node:process";
import { fileStore } from "../../src/storage/file.ts";
import { say, scriptArgument } from "./spawn.ts";

/** What the process is to do. */
export interface LockTask {
  /** The folder. */
  readonly folder: string;
  /** Whether to end at once, leaving the lock behind. */
  readonly dies: boolean;
}

const { folder, dies } = scriptArgument() as LockTask;
try {
  await fileStore(folder).open();
  say("open");
} catch (error) {
  say(`${(error as Error).name} ${(error as Error).message}`);
  process.exit(1);
}
if (dies) process.kill(process.pid, "SIGKILL");
process.stdin.on("end", () => process.exit(0)).resume();
