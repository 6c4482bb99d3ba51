/** Letters of another log, whose numbers this log has given to other records. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { memoryStore, openPipeline, type PipelineOptions } from "../mod.ts";
import { httpSink } from "../src/sink/http.ts";
import { openSqliteLogs, sqliteSink } from "../src/storage/sqlite.ts";
import { listen } from "./support/http_server.ts";
import { inFolder } from "./support/spawn.ts";

const quiet = { onEvent: () => {} };

/** The exported letter of a record that another pipeline could not deliver to its lane `web`. */
async function letterOfAnotherLog(): Promise<string[]> {
  await using pipeline = await openPipeline({
    wal: { store: memoryStore() },
    sinks: { web: () => ({ reject: [{ index: 0, reason: "no" }] }) },
    ...quiet,
  });
  pipeline.write("foreign");
  await pipeline.drain();
  return await Array.fromAsync(pipeline.deadLetters.exportLines());
}

/** A pipeline that delivers its first record, and then the letter of another one with the same number. */
async function replayInto(web: NonNullable<PipelineOptions["sinks"]>[string]): Promise<void> {
  await using pipeline = await openPipeline({
    wal: { store: memoryStore() },
    sinks: { web },
    ...quiet,
  });
  pipeline.write("own");
  await pipeline.drain();
  await pipeline.deadLetters.importFrom(await letterOfAnotherLog());
  assert.equal((await pipeline.deadLetters.replay()).replayed, 1);
}

test("an imported letter of another log goes out without a number of this one", async () => {
  await using server = await listen((_, response) => response.end());
  await replayInto(httpSink({ url: server.url }));
  assert.deepEqual(
    server.requests.map(({ text, seqs }) => [JSON.parse(text).msg, seqs]),
    [["own", [1]], ["foreign", []]],
  );
});

test("sqliteSink() stores an imported letter of another log beside the record of its number", () =>
  inFolder("foreign", async (folder) => {
    const path = join(folder, "search.db");
    await replayInto(sqliteSink(path));
    using logs = await openSqliteLogs(path);
    assert.deepEqual(logs.query({}).records.map(({ msg }) => msg).sort(), ["foreign", "own"]);
  }));
