/** Lines that are taken at once by a log in SQLite, over a driver whose syncs fail and wait on demand. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type LogNotice, openPipeline, type PipelineEvent } from "../mod.ts";
import type { SqliteDatabase } from "../src/platform/sqlite.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { type SqliteDriver, systemDriver } from "../src/storage/sqlite/driver.ts";
import { storeOver } from "../src/storage/sqlite/provider.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { assertAccounted } from "./support/accounting.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { inFolder } from "./support/spawn.ts";

/** What a test does to a database. */
interface Bench {
  readonly path: string;
  readonly driver: SqliteDriver;
  readonly sql: SqliteDatabase;
  /** Syncs off the event loop, and at once, that began. */
  readonly syncs: { later: number; atOnce: number };
  /** Runs before a sync at once. */
  beforeSync: () => void;
}

function withBench(use: (bench: Bench) => Promise<void>): Promise<void> {
  return inFolder("sqlite-at-once", async (folder) => {
    let sql: SqliteDatabase | undefined;
    const bench: Bench = {
      path: join(folder, "logs.db"),
      syncs: { later: 0, atOnce: 0 },
      beforeSync: () => {},
      get sql() {
        return sql!;
      },
      driver: {
        ...systemDriver,
        open: async (...args) => sql = await systemDriver.open(...args),
        async fdatasync(fd) {
          bench.syncs.later++;
          await systemDriver.fdatasync(fd);
        },
        fdatasyncSync(fd) {
          bench.syncs.atOnce++;
          bench.beforeSync();
          systemDriver.fdatasyncSync(fd);
        },
      },
    };
    await use(bench);
  });
}

async function messagesIn(path: string): Promise<(string | undefined)[]> {
  const log = await sqliteStore(path).openLog("records", {});
  const { lines } = await readLog(log);
  await log.close();
  return [...lines.values()].map(msgOf);
}

test("no sync is under way when another one is made at once, whichever log asks for it", () =>
  withBench(async ({ path, driver, syncs }) => {
    const store = storeOver(path, driver);
    const other = await store.openLog("dead-letters", {});
    other.stage(lineOf("letter"));
    const before = other.sync();
    const log = await store.openLog("records", { atOnce: true });
    await before;
    const { later } = syncs;
    for (let i = 0; i < 20; i++) {
      other.stage(lineOf(`letter ${i}`));
      const waiting = other.sync();
      for (let turns = 0; turns < 10; turns++) await undefined;
      assert.equal(log.appendSync!(lineOf(`${i}`)), true);
      await waiting;
    }
    assert.equal(syncs.later, later, "none goes off the event loop any more");
    await other.close();
    await log.close();
    assert.equal((await messagesIn(path)).length, 20);
  }));

test("a sync at once that fails stops the log: false and counted, no sink sees the record", () =>
  withBench(async (bench) => {
    const events: PipelineEvent[] = [];
    const sink = recordingSink();
    const pipeline = await openPipeline({
      mode: "sync",
      sinks: { sink },
      wal: { store: storeOver(bench.path, bench.driver), retain: "all" },
      onEvent: (event) => {
        events.push(event);
        pipeline.write("from the listener");
      },
    });
    assert.equal(pipeline.write("kept"), true);
    await pipeline.drain();
    bench.beforeSync = () => {
      throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    };
    assert.equal(pipeline.write("refused"), false);
    assert.equal(pipeline.write("refused too"), false);
    const { sequence, refused } = pipeline.stats();
    assert.deepEqual([sequence.next, sequence.durable], [2, 2]);
    assert.deepEqual(refused, { failed: 3 });
    assert.deepEqual(events.map(({ kind }) => kind), ["failed"]);
    await pipeline.close().catch(() => {});
    assertAccounted(pipeline.stats());
    assert.deepEqual(sink.records.map(({ msg }) => msg), ["kept"]);
    assert.equal((await messagesIn(bench.path))[0], "kept");
  }));

test("a full disk refuses the line and keeps nothing of it; the next one gets its number", () =>
  withBench(async (bench) => {
    const notices: LogNotice[] = [];
    const log = await storeOver(bench.path, bench.driver).openLog("records", {
      atOnce: true,
      onNotice: (notice) => notices.push(notice),
    });
    const append = (msg: string): boolean => log.appendSync!(lineOf(msg));
    assert.equal(append("before"), true);
    const pages = bench.sql.prepare("PRAGMA page_count").get()!.page_count;
    bench.sql.prepare(`PRAGMA max_page_count = ${pages}`).all();
    const large = "x".repeat(20_000);
    for (let i = 0; i < 3; i++) {
      assert.equal(append(large), false);
      assert.deepEqual([log.nextSeq, log.writtenSeq, log.stagedBytes], [2, 2, 0]);
    }
    assert.deepEqual(notices.map(({ kind }) => kind), ["write-failed"]);
    bench.sql.prepare("PRAGMA max_page_count = 4294967294").all();
    assert.equal(append("after"), true);
    assert.equal(log.durableSeq, 3);
    await log.close();
    assert.deepEqual(await messagesIn(bench.path), ["before", "after"]);
  }));
