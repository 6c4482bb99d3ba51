/**
 * The process that the sync mode test kills: logs one record after another, and says the number of each
 * after `log.info` has returned true, never before.
 */
import { openPipeline } from "../../mod.ts";
import { fileStore } from "../../src/storage/file.ts";
import { sqliteStore } from "../../src/storage/sqlite.ts";
import type { SyncPolicy } from "../../src/storage/store.ts";
import { say, scriptArgument, standStill } from "./spawn.ts";

/** What the process is to do. */
export interface SyncModeTask {
  /** Where its log is. */
  readonly path: string;
  /** What the log is kept in. */
  readonly store: "file" | "sqlite";
  /** When it syncs. */
  readonly sync: SyncPolicy;
  /** Named in each record. */
  readonly life: number;
}

/** A process that nobody kills ends after so many records. */
const MOST_RECORDS = 200_000;

async function main(task: SyncModeTask): Promise<void> {
  const store = task.store === "file" ? fileStore(task.path) : sqliteStore(task.path);
  const pipeline = await openPipeline({
    mode: "sync",
    sinks: {},
    wal: { store, sync: task.sync, retain: "all" },
    onEvent: ({ message }) => say(`event ${message}`),
  });
  const log = pipeline.logger();
  say("open");
  for (let i = 0; i < MOST_RECORDS; i++) {
    if (log.info(`${task.life}-${i}`)) say(`true ${task.life}-${i}`);
    // Most go in a row that never yields; now and then others are under way.
    if (i % 50 === 49) void pipeline.append({ level: "info", msg: `${task.life}-${i} appended` });
    if (i % 200 === 199) await undefined;
  }
  standStill(30_000);
}

await main(scriptArgument() as SyncModeTask);
