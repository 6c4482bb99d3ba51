/** Appends to a log in SQLite and says what was acknowledged, until it is killed or told to end. */
import process from "node:process";
import { openPipeline } from "../../mod.ts";
import { sqliteSink, sqliteStore } from "../../src/storage/sqlite.ts";
import { lineOf } from "./read_log.ts";
import { say, scriptArgument } from "./spawn.ts";

/** What this process does. */
export interface SqliteTask {
  /** The database. */
  readonly path: string;
  /**
   * `append`: lines for ever; `pipeline` and `stage`: records through a pipeline, or into a log without
   * one, then `process.exit`; `sink`: records into a table for ever.
   */
  readonly mode: "append" | "pipeline" | "stage" | "sink";
  /** What the messages of this run begin with. */
  readonly run?: string;
}

async function append(path: string): Promise<void> {
  const log = await sqliteStore(path).openLog("records", { maxBytes: 65_536, retain: 0 });
  say(`open ${log.nextSeq}`);
  for (let i = 0;; i++) {
    for (let n = 0; n <= i % 7; n++) log.stage(lineOf(`n${log.nextSeq}`.padEnd(i % 300)));
    if (i % 3 === 0) log.saveCursorsSync([]);
    await log.sync();
    say(`durable ${log.durableSeq}`);
    if (log.full) await log.trim(log.evictTo);
  }
}

async function endStaged(path: string): Promise<never> {
  const log = await sqliteStore(path).openLog("records", {});
  for (let n = 0; n < 500; n++) log.stage(lineOf(`n${n}`));
  process.exit(0);
}

async function endWithoutClose(path: string): Promise<never> {
  const pipeline = await openPipeline({ wal: { store: sqliteStore(path) }, sinks: {} });
  for (let n = 0; n < 500; n++) pipeline.write({ msg: `n${n}` });
  process.exit(0);
}

async function deliver(path: string, run: string): Promise<void> {
  const pipeline = await openPipeline({
    wal: { store: sqliteStore(path) },
    sinks: { table: { sink: sqliteSink(`${path}.search`), batch: { maxRecords: 20 } } },
  });
  for (let n = 0;; n++) {
    pipeline.write({ msg: `${run}-${n}` });
    if (n % 10 !== 9) continue;
    await pipeline.durable();
    say(`durable ${n}`);
  }
}

const { path, mode, run = "" } = scriptArgument() as SqliteTask;
const modes = {
  append,
  pipeline: endWithoutClose,
  stage: endStaged,
  sink: (path: string) => deliver(path, run),
};
await modes[mode](path);
