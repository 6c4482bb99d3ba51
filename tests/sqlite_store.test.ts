import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type LogNotice,
  type LogProvider,
  type LogStore,
  openPipeline,
  StoreFailedError,
  StoreLockedError,
} from "../mod.ts";
import type { SqliteDatabase } from "../src/platform/sqlite.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { type SqliteDriver, systemDriver } from "../src/storage/sqlite/driver.ts";
import { storeOver } from "../src/storage/sqlite/provider.ts";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { inFolder, RUNTIME, startScript } from "./support/spawn.ts";

/** A database of which a test can see and spoil what lies below. */
interface Bench {
  readonly store: LogProvider;
  readonly path: string;
  /** The connection that was opened last. */
  readonly sql: SqliteDatabase;
  /** fdatasync calls that began. */
  syncs: number;
  /** The most that were under way at once. */
  mostSyncsAtOnce: number;
  /** Runs in the place of fdatasync. */
  onSync: () => Promise<void>;
  readonly notices: LogNotice[];
  open(settings?: Parameters<LogProvider["openLog"]>[1], name?: string): Promise<LogStore>;
}

function withBench(use: (bench: Bench) => Promise<void>): Promise<void> {
  return inFolder("sqlite", async (folder) => {
    const path = join(folder, "logs.db");
    let sql: SqliteDatabase | undefined;
    let atOnce = 0;
    const driver: SqliteDriver = {
      ...systemDriver,
      open: async (...args) => sql = await systemDriver.open(...args),
      fdatasync: async (fd) => {
        bench.syncs++;
        bench.mostSyncsAtOnce = Math.max(bench.mostSyncsAtOnce, ++atOnce);
        try {
          await bench.onSync();
          await systemDriver.fdatasync(fd);
        } finally {
          atOnce--;
        }
      },
    };
    const bench: Bench = {
      store: storeOver(path, driver),
      path,
      get sql() {
        return sql!;
      },
      syncs: 0,
      mostSyncsAtOnce: 0,
      onSync: () => Promise.resolve(),
      notices: [],
      open: (settings = {}, name = "records") =>
        bench.store.openLog(name, {
          onNotice: (notice) => bench.notices.push(notice),
          ...settings,
        }),
    };
    await use(bench);
  });
}

/** Makes the database refuse to grow, with the error of a full disk, until the answer is called. */
function fillDisk(sql: SqliteDatabase): () => void {
  const pages = sql.prepare("PRAGMA page_count").get()!.page_count;
  sql.prepare(`PRAGMA max_page_count = ${pages}`).all();
  return () => void sql.prepare("PRAGMA max_page_count = 4294967294").all();
}

test("an acknowledgement waits for a sync that began after the lines were in the WAL file", () =>
  withBench(async (bench) => {
    const log = await bench.open();
    const disk = `${bench.path}.disk`;
    bench.onSync = () => {
      // What a power cut leaves: nothing that was written after the last sync began.
      fs.copyFileSync(`${bench.path}-wal`, `${disk}-wal`);
      fs.copyFileSync(bench.path, disk);
      return Promise.resolve();
    };
    const acknowledged: number[] = [];
    for (let i = 0; i < 20; i++) {
      log.stage(lineOf(`n${i}`));
      const promise = log.sync();
      // Written while the sync runs: it is the next one's.
      log.stage(lineOf("between".padEnd(5000)));
      log.flushSync();
      await promise;
      acknowledged.push(log.durableSeq);
      assert.ok(log.durableSeq > 2 * i, `${log.durableSeq}`);
      const left = await sqliteStore(disk).openLog("records", {});
      assert.ok(left.nextSeq >= log.durableSeq, `${left.nextSeq}, acknowledged ${log.durableSeq}`);
      await readLog(left);
      await left.close();
    }
    assert.deepEqual(acknowledged, [...acknowledged].sort((a, b) => a - b));
    await log.close();
  }));

test("a failed sync acknowledges nothing, then or later, for any log of the file", () =>
  withBench(async (bench) => {
    const log = await bench.open();
    const other = await bench.open({}, "dead-letters");
    log.stage(lineOf("good"));
    await log.sync();
    bench.onSync = () => Promise.reject(new Error("EIO: i/o error, fdatasync"));
    log.stage(lineOf("lost"));
    other.stage(lineOf("lost too"));
    const waiting = [log.sync(), other.sync()];
    log.stage(lineOf("behind it"));
    waiting.push(log.sync());
    for (const promise of waiting) await assert.rejects(promise, StoreFailedError);
    bench.onSync = () => Promise.resolve();
    await assert.rejects(log.sync(), /cannot be synced: EIO.* takes no more records/);
    await assert.rejects(other.sync(), StoreFailedError);
    await assert.rejects(log.syncCursors(), StoreFailedError);
    assert.throws(() => log.saveCursorsSync([]), StoreFailedError);
    assert.deepEqual([log.durableSeq, log.flushSync(), other.durableSeq], [2, false, 1]);
    assert.ok(log.failure instanceof StoreFailedError && other.failure instanceof StoreFailedError);
    assert.equal(msgOf((await readLog(log)).lines.get(1)), "good");
    assert.deepEqual(bench.notices.map(({ kind }) => kind), ["failed", "failed"]);
    await other.close();
    await log.close();
    const again = await bench.open();
    assert.equal(msgOf((await readLog(again)).lines.get(1)), "good");
    await again.close();
  }));

test("one sync at a time, whichever log asks", () =>
  withBench(async (bench) => {
    const logs = [await bench.open(), await bench.open({}, "dead-letters")];
    bench.syncs = 0;
    await Promise.all(logs.flatMap((log) =>
      [1, 2, 3].map((i) => {
        log.stage(lineOf(`n${i}`));
        return log.sync();
      })
    ));
    assert.equal(bench.mostSyncsAtOnce, 1);
    assert.ok(bench.syncs <= 4, `${bench.syncs} syncs`);
    for (const log of logs) await log.close();
  }));

test("a full disk refuses for a while: lines wait, are told of once, and go on without a hole", () =>
  withBench(async (bench) => {
    const clock = fakeClock();
    const log = await bench.open({ clock });
    log.stage(lineOf("before"));
    await log.sync();
    const makeRoom = fillDisk(bench.sql);
    for (let i = 0; i < 40; i++) log.stage(lineOf(`n${i}`.padEnd(1000)));
    let done = false;
    const promise = log.sync().then(() => done = true);
    assert.deepEqual([log.flushSync(), log.writtenSeq, log.nextSeq], [false, 2, 42]);
    assert.ok(log.stagedBytes > 40_000);
    for (let i = 0; i < 3; i++) await clock.advance(250);
    assert.deepEqual([done, log.failure, bench.notices.length], [false, undefined, 1]);
    assert.match(bench.notices[0]!.message, /Cannot write .* full; records wait in memory/);
    makeRoom();
    await clock.advance(250);
    await promise;
    assert.deepEqual([log.durableSeq, log.stagedBytes], [42, 0]);
    assert.deepEqual((await readLog(log)).lines.size, 41);
    fillDisk(bench.sql);
    log.stage(lineOf("x".repeat(50_000)));
    assert.equal(log.flushSync(), false);
    assert.equal(bench.notices.length, 2, "a second episode is told of again");
    await log.close();
    assert.match(bench.notices[2]!.message, /closed with 1 record that .* not take: it is lost$/);
  }));

test("an error that does not pass ends the log", () =>
  withBench(async (bench) => {
    const log = await bench.open();
    bench.sql.exec(`INSERT INTO records VALUES (1, 'not ours')`);
    log.stage(lineOf("mine"));
    await assert.rejects(log.sync(), /cannot be written: UNIQUE/);
    assert.ok(log.failure instanceof StoreFailedError);
    assert.deepEqual(bench.notices.map(({ kind }) => kind), ["failed"]);
    await log.close();
  }));

test("sync interval syncs so long after a write, never not at all", () =>
  withBench(async (bench) => {
    const clock = fakeClock();
    const settings = { clock, sync: "interval", syncIntervalMs: 500 } as const;
    const log = await bench.open(settings);
    bench.syncs = 0;
    log.stage(lineOf("a"));
    await log.sync();
    assert.deepEqual([log.acknowledges, log.durableSeq, bench.syncs], ["kill", 2, 0]);
    await clock.advance(499);
    assert.equal(bench.syncs, 0);
    await clock.advance(1);
    assert.equal(bench.syncs, 1);
    await log.close();
    const never = await bench.open({ clock, sync: "never" });
    bench.syncs = 0;
    never.stage(lineOf("b"));
    await never.sync();
    await clock.advance(10_000);
    assert.deepEqual([never.durableSeq, bench.syncs], [3, 0]);
    await never.close();
    assert.equal(bench.syncs, 1, "close() syncs whatever the policy");
  }));

test("what is gone from the table is told of as damage and skipped", () =>
  withBench(async (bench) => {
    const log = await bench.open();
    for (let i = 1; i <= 9; i++) log.stage(lineOf(`n${i}`));
    await log.close();
    const again = await bench.open();
    bench.sql.exec("DELETE FROM records WHERE seq IN (4, 5, 9)");
    for (let round = 0; round < 2; round++) {
      const { lines, gaps } = await readLog(again);
      assert.deepEqual([...lines.keys()], [1, 2, 3, 6, 7, 8]);
      assert.deepEqual(gaps, [
        { firstSeq: 4, count: 2, reason: "damaged" },
        { firstSeq: 9, count: 1, reason: "damaged" },
      ]);
    }
    assert.deepEqual(bench.notices.map(({ message }) => /records (.*?) are/.exec(message)?.[1]), [
      "4 to 5",
      "9 to 9",
    ]);
    await again.close();
  }));

test("the size that is counted is about the size of the file, and compact() gives room back", () =>
  withBench(async (bench) => {
    const log = await bench.open({ retain: 0 }) as LogStore & { compact(): Promise<void> };
    for (let i = 0; i < 20_000; i++) {
      log.stage(lineOf(`n${i}`.padEnd(i % 300)));
      if (i % 1000 === 999) await log.sync();
    }
    const counted = log.stats().bytes;
    await log.compact();
    const size = fs.statSync(bench.path).size;
    assert.ok(Math.abs(size - counted) < size * 0.1, `${size} bytes, ${counted} counted`);
    await log.trim(log.nextSeq);
    await log.compact();
    assert.ok(fs.statSync(bench.path).size < size / 2, "the file did not shrink");
    assert.equal((await readLog(log)).lines.size, log.nextSeq - log.firstSeq);
    await log.close();
  }));

for (const [sync, most] of [["never", 16], ["always", 6]] as const) {
  test(`checkpoints keep the WAL file small with sync ${sync}`, () =>
    withBench(async (bench) => {
      const log = await bench.open({ sync });
      for (let i = 0; i < 25_000; i++) {
        log.stage(lineOf(`n${i}`.padEnd(1000)));
        if (i % 250 === 0) await log.sync();
      }
      await log.sync();
      const { size } = fs.statSync(`${bench.path}-wal`);
      assert.ok(size < most * 1024 * 1024, `${size} bytes after 25 MB of lines`);
      await log.close();
    }));
}

const REFUSED: readonly [name: string, make: (path: string) => void, expected: RegExp][] = [
  [
    "a text file",
    (path) => fs.writeFileSync(path, "a text ".repeat(200)),
    /holds no logs of logflume/,
  ],
  ["a folder", (path) => fs.mkdirSync(path), /unable to open/],
];

for (const [name, make, expected] of REFUSED) {
  test(`${name} is refused and left as it is`, () =>
    withBench(async (bench) => {
      make(bench.path);
      await assert.rejects(bench.open(), expected);
      await assert.rejects(bench.open(), expected);
    }));
}

test("databases of other programs and of newer versions are refused and left as they are", () =>
  withBench(async (bench) => {
    const foreign = await systemDriver.open(bench.path);
    foreign.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    foreign.close();
    const before = fs.readFileSync(bench.path);
    await assert.rejects(bench.open(), /holds no logs of logflume: name another file/);
    assert.deepEqual(fs.readFileSync(bench.path), before);
    fs.rmSync(bench.path);
    const log = await bench.open();
    bench.sql.exec("PRAGMA user_version = 2");
    await log.close();
    await assert.rejects(
      bench.open(),
      /has format 2, .* knows formats up to 1: use a newer version/,
    );
  }));

test("paths, names and sizes that cannot work are refused", () =>
  withBench(async (bench) => {
    for (const path of ["", ":memory:", "file:x.db"]) {
      await assert.rejects(sqliteStore(path).openLog("records", {}), TypeError);
    }
    for (const name of ["", "Records", "a b", 'a"b', "_logs", "sqlite_x", "a".repeat(64)]) {
      await assert.rejects(bench.open({}, name), RangeError, name);
    }
    await assert.rejects(bench.open({ maxBytes: 65_535 }), RangeError);
    const log = await bench.open();
    await assert.rejects(bench.open(), StoreLockedError);
    await Promise.all([log.close(), bench.open().then((again) => again.close(), () => {})]);
    await (await bench.open()).close();
  }));

test("Durable means durable: lines in SQLite that were acknowledged survive kill -9", {
  timeout: 60_000,
}, () =>
  inFolder("sqlite-kill", async (folder) => {
    const path = join(folder, "logs.db");
    for (const kill of [3, 40, 1, 111, 7, 260]) {
      let durable = 0;
      let said = 0;
      const { child, ended } = startScript("sqlite_child.ts", { path, mode: "append" }, (line) => {
        if (!line.startsWith("durable")) return;
        durable = Number(line.split(" ")[1]);
        if (++said === kill) child.kill("SIGKILL");
      });
      if (kill === 40) await assertLocked(path, child.stdout!);
      assert.equal((await ended).signal, "SIGKILL");
      // Nobody has to tell the lock that its owner died.
      const log = await sqliteStore(path).openLog("records", { maxBytes: 65_536, retain: 0 });
      assert.ok(log.nextSeq >= durable, `${log.nextSeq} is next, ${durable} was acknowledged`);
      const { lines, gaps } = await readLog(log);
      assert.deepEqual(gaps, []);
      for (const [seq, line] of lines) assert.equal(msgOf(line)!.trim(), `n${seq}`);
      await log.close();
    }
  }));

/** While the process runs, nobody else opens the database. */
async function assertLocked(path: string, stdout: NodeJS.ReadableStream): Promise<void> {
  await new Promise((resolve) => stdout.once("data", resolve));
  await assert.rejects(sqliteStore(path).openLog("records", {}), (error: Error) => {
    assert.ok(error instanceof StoreLockedError);
    assert.match(error.message, /in use by another process: stop that process or use another file/);
    return true;
  });
}

for (const mode of ["pipeline", "stage"] as const) {
  test(`No loss on the way out: process.exit with a log in SQLite (${mode})`, () =>
    inFolder("sqlite-exit", async (folder) => {
      const path = join(folder, "logs.db");
      const { code, stderr } = await startScript("sqlite_child.ts", { path, mode }).ended;
      assert.equal(code, 0, stderr);
      const log = await sqliteStore(path).openLog("records", {});
      const { lines } = await readLog(log, 1);
      const wanted = Array.from({ length: 500 }, (_, n) => `n${n}`);
      assert.deepEqual([...lines.values()].map(msgOf), wanted);
      await log.close();
    }));
}

test("a pipeline keeps records, cursors and dead letters in one SQLite file", () =>
  inFolder("sqlite-pipeline", async (folder) => {
    const store = sqliteStore(join(folder, "logs.db"));
    const failing = recordingSink((_, call) => call > 1 ? new Error("later") : undefined);
    const rejecting = recordingSink(() => ({ reject: [{ index: 0, reason: "never" }] }));
    const options = { wal: { store }, onEvent: () => {} };
    const first = await openPipeline({ ...options, sinks: { failing, rejecting } });
    await first.append("one");
    await first.drain();
    await first.append("two");
    await first.close({ timeoutMs: 0 });
    const working = recordingSink();
    const second = await openPipeline({ ...options, sinks: { failing: working, rejecting } });
    await second.append("three");
    assert.equal((await second.drain()).drained, true);
    assert.deepEqual(working.records.map(({ msg }) => msg), ["two", "three"]);
    assert.ok(second.deadLetters.size >= 2, `${second.deadLetters.size} dead letters`);
    assert.equal(second.stats().acknowledges, "power-cut");
    await second.close();
  }));

test("a pipeline refuses settings that a store of whole logs cannot give", () =>
  inFolder("sqlite-options", async (folder) => {
    const store = sqliteStore(join(folder, "logs.db"));
    const options = { onStoreFailure: "memory", sinks: {} } as const;
    for (
      const setting of [{ segmentBytes: 4096 }, { maxSegments: 3 }, { onDamage: "refuse" }] as const
    ) {
      await assert.rejects(openPipeline({ ...options, wal: { store, ...setting } }), TypeError);
    }
    const inMemory: LogProvider = { ...store, keeps: "process" };
    await assert.rejects(
      openPipeline({ ...options, wal: { store: inMemory, sync: "always" } }),
      /Cannot use wal.sync "always" with the store/,
    );
  }));

test("a runtime without node:sqlite is told so in one sentence", () => {
  // Only Node can be started without it.
  if (RUNTIME !== "node") return;
  const entry = fileURLToPath(new URL("../src/storage/sqlite.ts", import.meta.url));
  const script = `import { sqliteStore } from ${JSON.stringify(entry)};
    sqliteStore("never.db").openLog("records", {}).catch((e) => console.log(e.message));`;
  const args = ["--no-experimental-sqlite", "--input-type=module", "--eval", script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.match(stdout, /^This runtime has no node:sqlite: use .*\n$/, stderr);
});
