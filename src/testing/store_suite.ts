import { openDeadLetters } from "../delivery/dead_letters.ts";
import type { CursorRow, FileStore, LogProvider, LogStore } from "../storage/store.ts";
import { openWal } from "../wal/wal.ts";
import {
  check,
  contents,
  fill,
  line,
  linesOf,
  rejection,
  same,
  type StoreCase,
  type StoreUnderTest,
} from "./store_suite_checks.ts";
import { AT_ONCE } from "./store_suite_at_once.ts";
import { CUTTING } from "./store_suite_cutting.ts";
import { KEEPING } from "./store_suite_keeping.ts";

export type { StoreCase, StoreUnderTest } from "./store_suite_checks.ts";

type Body = (store: StoreUnderTest) => Promise<void>;

/**
 * Everything that must hold of a store that keeps logs, whatever is below it: order, numbers, durability,
 * cursors, reading, trimming, dead letters, the lock. Each case opens what `make` gives anew, on storage
 * that is empty. Cases that need `rival` or `afterKill` pass where the store has none.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@logflume/logflume";
 * import { overFiles, storeSuite } from "@logflume/logflume/testing";
 *
 * for (const { name, run } of storeSuite(() => overFiles(memoryStore()))) {
 *   // test(name, run) with the test runner at hand
 *   await run().catch((error) => console.error(name, error));
 * }
 * ```
 */
export function storeSuite(make: () => StoreUnderTest | Promise<StoreUnderTest>): StoreCase[] {
  return Object.entries({ ...WRITING, ...AT_ONCE, ...STORING, ...KEEPING, ...CUTTING }).map(
    ([name, body]) => ({
      name,
      async run() {
        const store = await make();
        try {
          await body(store);
        } finally {
          await store.dispose?.();
        }
      },
    }),
  );
}

/**
 * The logs that a pipeline makes of a store of bytes, for `storeSuite`: the records in the store, every
 * other log in an inner store.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@logflume/logflume";
 * import { overFiles } from "@logflume/logflume/testing";
 *
 * const log = await overFiles(memoryStore()).openLog("records", {});
 * await log.close();
 * ```
 */
export function overFiles(store: FileStore): LogProvider {
  return {
    label: store.label,
    keeps: store.keeps,
    openLog: (name, settings) =>
      openWal(name === "records" ? store : store.inner(name), { ...settings, windowBytes: 4096 }),
  };
}

/** Opens a log, uses it, closes it. */
async function withLog<Result>(
  store: LogProvider,
  use: (log: LogStore) => Result | Promise<Result>,
): Promise<Result> {
  const log = await store.openLog("records", {});
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

const WRITING: Record<string, Body> = {
  "an empty log begins with record 1 and is at its end": (store) =>
    withLog(store, async (log) => {
      same([log.firstSeq, log.nextSeq, log.writtenSeq, log.durableSeq], [1, 1, 1, 1], "Numbers");
      same([log.stagedBytes, log.full, log.inputs.size], [0, false, 0], "Staged, full, inputs");
      check(/^[0-9a-f]{16}$/.test(log.logId), `logId is "${log.logId}", not 16 hexadecimal digits`);
      same(await contents(log), { lines: [], gaps: [] }, "Contents");
      await log.sync();
      check(log.flushSync(), "flushSync() returned false with nothing to write");
    }),

  "staged lines have numbers without holes and are seen once they are written": (store) =>
    withLog(store, async (log) => {
      same([log.stage(line("a")), log.stage(line("b"))], [1, 2], "Numbers");
      same([log.nextSeq, log.writtenSeq], [3, 1], "nextSeq, writtenSeq before the write");
      check(log.stagedBytes > 0, "stagedBytes is 0 with two lines staged");
      same((await log.reader(1).next()).kind, "end", "What a reader finds before the write");
      check(log.flushSync(), "flushSync() returned false on a healthy store");
      same([log.writtenSeq, log.stagedBytes], [3, 0], "writtenSeq, stagedBytes after the write");
      same((await contents(log)).lines, [line("a"), line("b")], "Lines");
    }),

  "lines come back byte for byte: many bytes a character, 1 MiB, many at once": async (store) => {
    const odd = [
      "é",
      "漢字",
      "😀",
      "\u2028",
      "\0",
      '\\"',
      "",
      "x".repeat(2 ** 20),
      "ü".repeat(40_000),
    ];
    const lines = [
      ...odd.map(line),
      ...Array.from({ length: 3000 }, (_, i) => line(`${i} ${"✓".repeat(i % 100)}`)),
    ];
    await withLog(store, async (log) => {
      for (const one of lines) log.stage(one);
      await log.sync();
      same((await contents(log)).lines, lines, "Lines");
    });
    await withLog(store, async (log) => {
      same((await contents(log)).lines, lines, "Lines after another opening");
    });
  },

  "a listener that throws costs no line and no acknowledgement": (store) =>
    withLog(store, async (log) => {
      let isThrowing = true;
      log.onWritten(() => {
        if (isThrowing) throw new Error("thrown on purpose by the suite");
      });
      const lines = Array.from({ length: 2000 }, (_, i) => line(`${i}`.padEnd(200)));
      for (const one of lines) log.stage(one);
      await log.sync();
      isThrowing = false;
      same(log.writtenSeq, 2001, "Lines written up to");
      same(log.durableSeq, 2001, "Lines acknowledged up to");
    }),

  "listeners are told of all lines in order, also when one writes more": (store) =>
    withLog(store, (log) => {
      const heard: string[] = [];
      let nextSeq = 1;
      log.onWritten(({ firstSeq }) => {
        if (firstSeq !== 1) return;
        log.stage(line("from within"));
        log.flushSync();
      });
      const withdraw = log.onWritten(({ firstSeq, count, bytes }) => {
        same(firstSeq, nextSeq, "A listener was told of record");
        nextSeq += count;
        heard.push(...linesOf(bytes, count));
      });
      const lines = Array.from({ length: 2000 }, (_, i) => line(`${i}`.padEnd(200)));
      for (const one of lines) log.stage(one);
      log.flushSync();
      while (log.writtenSeq < log.nextSeq) check(log.flushSync(), "flushSync() returned false");
      same(heard, [...lines, line("from within")], "Lines heard");
      withdraw();
      fill(log, 1);
      same(heard.length, 2001, "Lines heard after it was withdrawn");
    }),

  "callers during a sync share the next one": (store) =>
    withLog(store, async (log) => {
      const promises = [0, 1, 2, 3].map((i) => {
        log.stage(line(`${i}`));
        return log.sync();
      });
      const shared = new Set(promises.slice(1)).size;
      if (log.acknowledges === "power-cut") same(shared, 1, "Promises of 3 callers during a sync");
      await Promise.all(promises);
      same(log.durableSeq, 5, "durableSeq after the syncs");
    }),
};

const ROW: CursorRow = {
  lane: "a",
  since: 1,
  nextSeq: 7,
  delivered: 3,
  deadLettered: 1,
  dropped: { overflow: 2, wal_limit: 1 },
  filtered: 1,
  redelivered: 5,
  checkpoint: '{"file":"ü","length":12}',
};

const STORING: Record<string, Body> = {
  "what was synced is there after another opening, which goes on behind it": async (store) => {
    const [id, run, lines] = await withLog(store, async (log) => {
      const lines = fill(log, 120);
      await log.sync();
      same(log.durableSeq, 121, "durableSeq");
      return [log.logId, log.run, lines] as const;
    });
    await withLog(store, async (log) => {
      same(log.logId, id, "The logId of the second opening");
      check(log.run !== run, `Both openings have the run ${run}`);
      check(log.run.startsWith(`${id}.`), `The run ${log.run} does not begin with the logId`);
      same([log.firstSeq, log.nextSeq, log.durableSeq], [1, 121, 121], "Numbers");
      lines.push(...fill(log, 3));
      same(await contents(log), { lines, gaps: [] }, "Contents");
    });
  },

  "close() writes what is staged, may be called twice, and ends everything": async (store) => {
    const log = await store.openLog("records", {});
    log.stage(line("last"));
    await Promise.all([log.close(), log.close()]);
    log.stage(line("too late"));
    await rejection(log.sync(), "sync() after close()");
    await withLog(store, async (again) => {
      same((await contents(again)).lines, [line("last")], "Lines after another opening");
    });
  },

  "what was acknowledged survives a kill, and what was flushed as well": async (store) => {
    if (store.afterKill === undefined) return;
    const log = await store.openLog("records", {});
    const lines = fill(log, 200);
    await log.sync();
    lines.push(...fill(log, 5));
    log.stage(line("staged only"));
    await withLog(await store.afterKill(), async (left) => {
      same((await contents(left)).lines, lines, "Lines after the kill");
    });
    await log.close();
  },

  "cursors are stored as a whole, and the last ones are found again": async (store) => {
    const other = { ...ROW, lane: "b", dropped: {} };
    await withLog(store, async (log) => {
      same(log.cursors(), [], "Cursors of a new log");
      log.saveCursorsSync([ROW, other]);
      log.saveCursorsSync([{ ...other, nextSeq: 9 }]);
      log.saveCursorsSync([ROW, { ...other, nextSeq: 9 }]);
      await log.syncCursors();
    });
    await withLog(store, (log) => {
      const rows = [...log.cursors()].sort((x, y) => x.lane < y.lane ? -1 : 1);
      same(rows.map(({ lane, nextSeq }) => [lane, nextSeq]), [["a", 7], ["b", 9]], "Cursors");
      for (const [key, value] of Object.entries(ROW)) {
        same(rows[0]![key as keyof CursorRow], value, `The cursor's ${key}`);
      }
      log.saveCursorsSync([]);
    });
    await withLog(store, (log) => same(log.cursors(), [], "Cursors that were taken away"));
  },

  "the last place of each input is found again": async (store) => {
    const mark = (file: string, offset: number) => ({ file, offset, id: "1:2" });
    await withLog(store, (log) => {
      log.stage(line("1"), mark("/a", 10));
      log.stage(line("2"), mark("/b", 20));
      log.stage(line("3"), mark("/a", 30));
      log.stage(line("4"));
      log.flushSync();
      same(log.inputs.get("/a")?.offset, 30, "The place in /a");
    });
    await withLog(store, (log) => {
      same(log.inputs.size, 2, "Inputs");
      const { file, offset, id } = log.inputs.get("/a")!;
      same([file, offset, id], ["/a", 30, "1:2"], "The place in /a after another opening");
      same(log.inputs.get("/b")?.offset, 20, "The place in /b after another opening");
    });
  },

  "two logs of one store are apart": async (store) => {
    const records = await store.openLog("records", {});
    const letters = await store.openLog("dead-letters", { retain: 0 });
    const [inRecords, inLetters] = [fill(records, 3), fill(letters, 60)];
    records.saveCursorsSync([ROW]);
    await Promise.all([records.sync(), letters.sync()]);
    check(records.logId !== letters.logId, `Both logs have the id ${records.logId}`);
    same((await contents(records)).lines, inRecords, "Lines of the one");
    same((await contents(letters)).lines, inLetters, "Lines of the other");
    same(letters.cursors(), [], "Cursors of the other");
    await letters.close();
    fill(records, 1);
    await records.sync();
    await records.close();
  },

  "dead letters go over it and come back": async (store) => {
    const entry = (seq: number) => ({
      id: `log/lane/${seq}`,
      lane: "lane",
      seq,
      reason: "max_attempts" as const,
      error: `it said "no" ${seq}`,
      attempts: 1,
      record: line("ünwanted").trimEnd(),
    });
    const records = await store.openLog("records", {});
    const letters = await openDeadLetters(await store.openLog("dead-letters", { retain: 0 }));
    await letters.add([entry(1), entry(2)]);
    await letters.add([{ ...entry(2), error: "it said so again" }]);
    same(letters.size, 2, "Letters held");
    await letters.close();
    const again = await openDeadLetters(await store.openLog("dead-letters", { retain: 0 }));
    same(again.size, 2, "Letters held after another opening");
    const found: unknown[] = [];
    for await (const { id, record } of again.list()) found.push({ id, record });
    const kept = [entry(1), entry(2)].map(({ id, record }) => ({ id, record }));
    same(found, kept, "Letters");
    await again.close();
    await records.close();
  },

  "a second opening is refused while the first is open": async (store) => {
    const rival = store.rival?.();
    if (rival === undefined) return;
    const log = await store.openLog("records", {});
    fill(log, 2);
    const error = await rejection(rival.openLog("records", {}), "The second opening");
    same((error as Error).name, "StoreLockedError", "The error of the second opening");
    fill(log, 1);
    await log.close();
    const other = await rival.openLog("records", {});
    same(other.nextSeq, 4, "nextSeq of an opening after the first has closed");
    await other.close();
  },

  "acknowledges says what store and policy give, and more cannot be asked for": async (store) => {
    for (const sync of ["always", "interval", "never"] as const) {
      if (store.keeps === "process" && sync !== "never") {
        const error = await rejection(store.openLog("records", { sync }), `sync "${sync}"`);
        same((error as Error).name, "RangeError", `The error of sync "${sync}"`);
        continue;
      }
      const log = await store.openLog("records", { sync });
      const wanted = store.keeps === "process"
        ? "memory"
        : sync === "always"
        ? "power-cut"
        : "kill";
      same(log.acknowledges, wanted, `acknowledges with sync "${sync}"`);
      log.stage(line(sync));
      await log.sync();
      same(log.durableSeq, log.nextSeq, `durableSeq after sync() with sync "${sync}"`);
      await log.close();
    }
  },
};
