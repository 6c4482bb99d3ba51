import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type Level, LEVELS, type LogRecord, openPipeline, type Sink } from "../mod.ts";
import {
  type LogQuery,
  openSqliteLogs,
  type SqliteLogs,
  sqliteSink,
  type SqliteSinkOptions,
  sqliteStore,
} from "../src/storage/sqlite.ts";
import { systemDriver } from "../src/storage/sqlite/driver.ts";
import { sinkOver } from "../src/storage/sqlite/sink.ts";
import { batchOfLines, fakeClock } from "../src/testing/mod.ts";
import { inFolder, startScript } from "./support/spawn.ts";

const START = Date.UTC(2026, 0, 1);
const context = { signal: new AbortController().signal, attempt: 1 };

function record(n: number, more: Partial<LogRecord> = {}): LogRecord {
  return { time: new Date(START + n * 1000).toISOString(), level: "info", msg: `n${n}`, ...more };
}

async function write(sink: Sink, records: readonly LogRecord[], firstSeq = 1): Promise<void> {
  const lines = records.map((each) => JSON.stringify(each));
  for (let i = 0; i < lines.length; i += 100) {
    await sink.write(batchOfLines(lines.slice(i, i + 100), firstSeq + i), context);
  }
}

function withSink(
  use: (sink: Sink, logs: SqliteLogs, path: string) => Promise<void> | void,
  options?: SqliteSinkOptions,
): Promise<void> {
  return inFolder("sqlite-sink", async (folder) => {
    const path = join(folder, "new", "search.db");
    const sink = sqliteSink(path, options);
    await sink.open!(undefined);
    const logs = await openSqliteLogs(path);
    try {
      await use(sink, logs, path);
    } finally {
      logs.close();
      await sink.close!();
    }
  });
}

/** Messages of all pages. */
function messages(logs: SqliteLogs, query: LogQuery = {}): string[] {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = logs.query({ limit: 1000, ...query, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.records.map(({ msg }) => msg));
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

test("a stored record comes back whole, with its row and sequence number", () =>
  withSink(async (sink, logs) => {
    const whole = record(1, {
      level: "error",
      msg: 'he said "ünsafe"\n\0 😀',
      logger: "shop.cart",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      fields: { order: { id: 42 }, tags: ["a", 1, null, true] },
    });
    await write(sink, [whole], 7);
    assert.deepEqual(logs.query().records, [{ ...whole, id: 1, seq: 7 }]);
    assert.equal(logs.query().next, undefined);
  }));

test("a batch that is delivered again adds nothing, also after another opening", () =>
  withSink(async (sink, logs, path) => {
    const records = [1, 2, 3].map((n) => record(n));
    await write(sink, records);
    await write(sink, records);
    await write(sink, [2, 3, 4].map((n) => record(n)), 2);
    const again = sqliteSink(path);
    await again.open!(sink.checkpoint!());
    await write(again, [3, 4, 5].map((n) => record(n)), 3);
    assert.deepEqual(messages(logs, { order: "oldest" }), ["n1", "n2", "n3", "n4", "n5"]);
    await again.close!();
  }));

test("a log that begins anew is not taken for the one before", () =>
  withSink(async (sink, logs, path) => {
    await write(sink, [record(1)]);
    const other = sqliteSink(path);
    await other.open!(undefined);
    assert.notEqual(other.checkpoint!(), sink.checkpoint!());
    assert.ok(other.checkpoint!()!.length <= 256);
    await write(other, [record(2)]);
    assert.deepEqual(messages(logs), ["n2", "n1"]);
    await other.close!();
  }));

test("each condition finds what it says, and all of them must hold", () =>
  withSink(async (sink, logs) => {
    await write(sink, [
      record(0, { level: "debug", msg: "100% of a_b", logger: "shop" }),
      record(1, { level: "warn", msg: "Payment REFUSED", logger: "shop.pay", fields: { n: 1 } }),
      record(2, { level: "error", msg: "x'; DROP TABLE records; --", logger: "shopping" }),
      record(3, {
        level: "fatal",
        msg: "a\\b",
        fields: { a: { "b.c": "1", list: [5, { x: true }] } },
      }),
      record(4, { msg: "1000 aXb", fields: { n: "1", no: null, yes: true, f: 1.5 } }),
    ]);
    const found = (query: LogQuery): number[] =>
      logs.query({ ...query, order: "oldest" }).records.map(({ seq }) => seq - 1);
    const cases: readonly [LogQuery, readonly number[]][] = [
      [{}, [0, 1, 2, 3, 4]],
      [{ level: "warn" }, [1]],
      [{ minLevel: "warn" }, [1, 2, 3]],
      [{ from: START + 1000, to: START + 3000 }, [1, 2]],
      [{ from: new Date(START + 3000) }, [3, 4]],
      [{ to: "2026-01-01T00:00:01.000Z" }, [0]],
      [{ logger: "shop" }, [0, 1]],
      [{ logger: "shop.pay" }, [1]],
      [{ logger: "shop%" }, []],
      [{ text: "refused" }, [1]],
      [{ text: "00%" }, [0]],
      [{ text: "a_b" }, [0]],
      [{ text: "\\" }, [3]],
      [{ text: "'; DROP TABLE records; --" }, [2]],
      [{ text: "" }, [0, 1, 2, 3, 4]],
      [{ field: { path: "n", equals: 1 } }, [1]],
      [{ field: { path: "n", equals: "1" } }, [4]],
      [{ field: { path: "f", equals: 1.5 } }, [4]],
      [{ field: { path: "no", equals: null } }, [4]],
      [{ field: { path: "yes", equals: true } }, [4]],
      [{ field: { path: "yes", equals: 1 } }, []],
      [{ field: { path: "missing", equals: null } }, []],
      [{ field: { path: ["a", "b.c"], equals: "1" } }, [3]],
      [{ field: { path: ["a", "list", 0], equals: 5 } }, [3]],
      [{ field: { path: ["a", "list", 1, "x"], equals: true } }, [3]],
      [{ field: { path: "x') OR 1=1 --", equals: 1 } }, []],
      [{ minLevel: "warn", logger: "shop", text: "pay", field: { path: "n", equals: 1 } }, [1]],
      [{ minLevel: "error", logger: "shop" }, []],
    ];
    for (const [query, expected] of cases) {
      assert.deepEqual(found(query), expected, JSON.stringify(query));
    }
  }));

test("what makes no sense is refused with what is allowed", () =>
  withSink((_, logs, path) => {
    const refused: readonly [LogQuery, RegExp][] = [
      [{ level: "loud" as Level }, /Unknown level "loud"/],
      [{ from: "yesterday" }, /Cannot use from "yesterday"/],
      [{ to: NaN }, /Cannot use to "NaN"/],
      [{ limit: 0 }, /allowed are 1 to 1000/],
      [{ limit: 1001 }, /allowed are 1 to 1000/],
      [{ limit: 1.5 }, /allowed are 1 to 1000/],
      [{ order: "best" as "newest" }, /use newest or oldest/],
      [{ cursor: "1.2; DROP" }, /give the "next" of the page before/],
      [{ field: { path: "", equals: 1 } }, /Cannot look for the field ""/],
      [{ field: { path: 'a"b', equals: 1 } }, /Cannot look for the field/],
      [{ field: { path: [], equals: 1 } }, /without a path/],
      [{ field: { path: ["a", -1], equals: 1 } }, /place in an array/],
    ];
    for (const [query, message] of refused) assert.throws(() => logs.query(query), message);
    assert.throws(() => sqliteSink(path, { maxRows: 0 }), RangeError);
    assert.throws(() => sqliteSink(path, { maxAgeMs: -1 }), RangeError);
  }));

test("pages of any length give every record once, also where times are the same", () =>
  withSink(async (sink, logs) => {
    const records = Array.from(
      { length: 57 },
      (_, n) => record(Math.floor(n / 10) % 4, { msg: `${n}` }),
    );
    await write(sink, records);
    const byTime = [...records].sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0)
      .map(({ msg }) => msg);
    for (const limit of [1, 7, 19, 57, 58]) {
      assert.deepEqual(messages(logs, { limit, order: "oldest" }), byTime);
      assert.deepEqual(messages(logs, { limit }), [...byTime].reverse());
    }
  }));

test("a search finds what a filter of the plain list finds", () =>
  withSink(async (sink, logs) => {
    const word = fc.constantFrom("a", "B", "%", "_", "'", '"', "\\", "é", ".", " ");
    const text = fc.array(word, { maxLength: 4 }).map((words) => words.join(""));
    const level = fc.constantFrom(...LEVELS);
    const value = fc.oneof(text, fc.integer({ min: -2, max: 2 }), fc.boolean(), fc.constant(null));
    const time = fc.integer({ min: 0, max: 20 });
    const one = fc.record({ time, level, msg: text, logger: text, value });
    const made = fc.sample(one, 300).map(({ time, value, ...rest }) =>
      record(time, { ...rest, fields: { deep: { value } } })
    );
    await write(sink, made);
    const query = fc.record({
      minLevel: level,
      level,
      text,
      from: time.map((n) => START + n * 1000),
      to: time.map((n) => START + n * 1000),
      value,
    }, { requiredKeys: [] });
    const lower = (s: string): string => s.replace(/[A-Z]/g, (c) => c.toLowerCase());
    fc.assert(
      fc.property(query, ({ value, ...rest }) => {
        const field = value === undefined ? {} : { field: { path: "deep.value", equals: value } };
        const wanted = made.filter((each) =>
          (rest.minLevel === undefined ||
            LEVELS.indexOf(each.level) >= LEVELS.indexOf(rest.minLevel)) &&
          (rest.level === undefined || each.level === rest.level) &&
          (rest.text === undefined || lower(each.msg).includes(lower(rest.text))) &&
          (rest.from === undefined || Date.parse(each.time) >= rest.from) &&
          (rest.to === undefined || Date.parse(each.time) < rest.to) &&
          (value === undefined || (each.fields!.deep as { value: unknown }).value === value)
        );
        const found = messages(logs, { ...rest, ...field, limit: 50 });
        assert.deepEqual(found.sort(), wanted.map(({ msg }) => msg).sort());
      }),
      { numRuns: 200 },
    );
  }));

test("maxRows keeps the newest rows, and catches up when it was lowered", () =>
  withSink(async (sink, logs, path) => {
    await write(sink, Array.from({ length: 900 }, (_, n) => record(n)));
    assert.equal(messages(logs).length, 900);
    const smaller = sqliteSink(path, { maxRows: 250 });
    await smaller.open!(sink.checkpoint!());
    await write(smaller, Array.from({ length: 1000 }, (_, n) => record(900 + n)), 901);
    const kept = messages(logs, { order: "oldest" });
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [250, "n1650", "n1899"]);
    await smaller.close!();
  }));

test("maxAgeMs removes records by their own time", () => {
  const clock = fakeClock(START + 100_000);
  return withSink(async (sink, logs) => {
    await write(sink, Array.from({ length: 100 }, (_, n) => record(n)));
    const kept = messages(logs, { order: "oldest" });
    assert.deepEqual([kept.length, kept[0]], [60, "n40"]);
  }, { maxAgeMs: 60_000, clock });
});

test("sync() makes rows durable, and a failed one ends the sink", () =>
  inFolder("sqlite-sink", async (folder) => {
    let syncs = 0;
    let broken = false;
    const sink = sinkOver(join(folder, "search.db"), {}, {
      ...systemDriver,
      fdatasync: () => {
        syncs++;
        return broken ? Promise.reject(new Error("EIO")) : Promise.resolve();
      },
    });
    await sink.open!(undefined);
    await write(sink, [record(1)]);
    assert.equal(syncs, 0);
    await sink.sync!();
    await sink.sync!();
    assert.equal(syncs, 1);
    await write(sink, [record(2)], 2);
    broken = true;
    await assert.rejects(async () => await sink.sync!(), /cannot be synced: EIO/);
    broken = false;
    await assert.rejects(async () => await sink.sync!(), /cannot be synced: EIO/);
    await assert.rejects(write(sink, [record(3)], 3), /cannot be synced: EIO/);
    await assert.rejects(async () => await sink.close!(), /EIO/);
  }));

test("what is no table of records cannot be searched", () =>
  inFolder("sqlite-sink", async (folder) => {
    const path = join(folder, "logs.db");
    await assert.rejects(openSqliteLogs(path), /Cannot search in/);
    await (await sqliteStore(path).openLog("records", {})).close();
    await assert.rejects(openSqliteLogs(path), /holds no records of logflume/);
    await assert.rejects(async () => await sqliteSink(path).open!(undefined), /holds no records/);
  }));

test("records are searched while a pipeline writes, and stay when it has closed", () =>
  inFolder("sqlite-sink", async (folder) => {
    const path = join(folder, "search.db");
    const pipeline = await openPipeline({ sinks: { search: sqliteSink(path) } });
    using logs = await openSqliteLogs(path);
    const log = pipeline.logger("shop");
    for (let round = 1; round <= 5; round++) {
      log.warn("refused", { round });
      await pipeline.drain();
      assert.equal(logs.query({ field: { path: "round", equals: round } }).records.length, 1);
    }
    await pipeline.close();
    assert.equal(messages(logs, { minLevel: "warn", logger: "shop" }).length, 5);
    using after = await openSqliteLogs(path);
    assert.equal(messages(after).length, 5);
  }));

test("the table holds each record exactly once, whatever kills its writer", {
  timeout: 60_000,
}, () =>
  inFolder("sqlite-sink-kill", async (folder) => {
    const path = join(folder, "logs.db");
    const durable: number[] = [];
    for (const kill of [2, 30, 5, 90]) {
      const run = `r${durable.length}`;
      let last = -1;
      let said = 0;
      const { child, ended } = startScript(
        "sqlite_child.ts",
        { path, mode: "sink", run },
        (line) => {
          last = Number(line.split(" ")[1]);
          if (++said === kill) child.kill("SIGKILL");
        },
      );
      assert.equal((await ended).signal, "SIGKILL");
      durable.push(last);
    }
    const pipeline = await openPipeline({
      wal: { store: sqliteStore(path) },
      sinks: { table: sqliteSink(`${path}.search`) },
    });
    assert.equal((await pipeline.drain()).drained, true);
    await pipeline.close();
    using logs = await openSqliteLogs(`${path}.search`);
    const found = messages(logs, { order: "oldest" });
    assert.equal(new Set(found).size, found.length, "a record is there twice");
    const there = new Set(found);
    durable.forEach((last, run) => {
      for (let n = 0; n <= last; n++) {
        assert.ok(there.has(`r${run}-${n}`), `r${run}-${n} is missing`);
      }
    });
  }));
