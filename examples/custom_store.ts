/**
 * A store of your own: records on a fast disk, dead letters on one that is backed up. A store that keeps
 * bytes is examples/mirror_store.ts; what every store must hold to is in "@logflume/logflume/testing".
 *
 *     deno run -A examples/custom_store.ts [FAST_DISK] [SAFE_DISK]
 */
import process from "node:process";
import { type LogProvider, openPipeline, openWal, RejectedError } from "@logflume/logflume";
import { fileStore } from "@logflume/logflume/storage/file";

/** Keeps each log in a folder of its own; all but the records on the safe disk. */
export function splitStore(fast: string, safe: string): LogProvider {
  return {
    label: `${fast} and ${safe}`,
    keeps: "disk",
    openLog: (name, settings) =>
      openWal(fileStore(`${name === "records" ? fast : safe}/${name}`), settings),
  };
}

if (import.meta.main) {
  const [fast = "example-logs/fast", safe = "example-logs/safe"] = process.argv.slice(2);
  await using pipeline = await openPipeline({
    sinks: {
      picky() {
        throw new RejectedError("This sink takes nothing");
      },
    },
    wal: { store: splitStore(fast, safe) },
  });
  pipeline.logger("shop").info("order placed", { order: 42 });
  await pipeline.drain();
  console.log(`The record is in ${fast}, the dead letter in ${safe}`);
}
