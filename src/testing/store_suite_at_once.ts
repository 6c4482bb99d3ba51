import type { LogSettings, LogStore } from "../storage/store.ts";
import { check, contents, line, linesOf, same, type StoreUnderTest } from "./store_suite_checks.ts";

type AtOnceLog = LogStore & Required<Pick<LogStore, "appendSync">>;

/** Opens a log that takes lines at once, uses it, closes it; nothing if the store has no such logs. */
async function withAtOnce(
  store: StoreUnderTest,
  use: (log: AtOnceLog) => void | Promise<void>,
  settings: LogSettings = {},
): Promise<void> {
  const log = await store.openLog("records", { ...settings, atOnce: true });
  try {
    if (log.appendSync !== undefined) await use(log as AtOnceLog);
  } finally {
    await log.close();
  }
}

/** Lines that are taken before the call returns. */
export const AT_ONCE: Record<string, (store: StoreUnderTest) => Promise<void>> = {
  "appendSync() is there only where it was asked for, and never in memory": async (store) => {
    const log = await store.openLog("records", {});
    check(log.appendSync === undefined, "appendSync() is there and nobody asked for it");
    await log.close();
    const inMemory = store.keeps === "process";
    await withAtOnce(store, () => check(!inMemory, "appendSync() is there in memory"));
  },

  "appendSync() acknowledges before it returns, behind what is staged": async (store) => {
    for (const sync of ["always", "interval", "never"] as const) {
      if (store.keeps === "process") return;
      await withAtOnce(store, async (log) => {
        const first = log.nextSeq;
        log.stage(line("staged"));
        check(log.appendSync(line("at once")), "appendSync() returned false on a healthy store");
        const numbers = [log.nextSeq, log.writtenSeq, log.durableSeq, log.stagedBytes];
        same(numbers, [first + 2, first + 2, first + 2, 0], `The log's numbers with "${sync}"`);
        const { lines } = await contents(log, first);
        same(lines, [line("staged"), line("at once")], "Lines");
        await log.sync();
      }, { sync });
    }
  },

  "appendSync() and syncs that are under way keep the order": (store) =>
    withAtOnce(store, async (log) => {
      const wanted: string[] = [];
      const syncs: Promise<void>[] = [];
      for (let i = 0; i < 200; i++) {
        wanted.push(line(`${i}`.padEnd(i % 7 === 0 ? 3000 : 20)));
        if (i % 3 === 0) log.stage(wanted[i]!);
        else check(log.appendSync(wanted[i]!), `appendSync() returned false at line ${i}`);
        if (i % 4 === 0) syncs.push(log.sync());
        if (i % 10 === 0) await undefined;
        if (i % 3 !== 0) same(log.durableSeq, i + 2, "durableSeq");
      }
      await Promise.all(syncs);
      await log.sync();
      same(log.durableSeq, 201, "durableSeq at the end");
      same(await contents(log), { lines: wanted, gaps: [] }, "Contents");
    }),

  "appendSync() is told of in order, also when a listener takes more": (store) =>
    withAtOnce(store, (log) => {
      const heard: string[] = [];
      log.onWritten(({ firstSeq }) => {
        if (firstSeq < 4) check(log.appendSync(line("echo")), "appendSync() in a listener: false");
      });
      log.onWritten(({ firstSeq, count, bytes }) => {
        same(firstSeq, heard.length + 1, "A listener was told of record");
        heard.push(...linesOf(bytes, count));
      });
      check(log.appendSync(line("first")), "appendSync() returned false on a healthy store");
      same(heard, [line("first"), line("echo"), line("echo"), line("echo")], "Lines heard");
    }),

  "appendSync() keeps the place of the input, and it survives a kill": async (store) => {
    const { afterKill } = store;
    const mark = (offset: number) => ({ file: "/a", offset, id: "1:2" });
    await withAtOnce(store, async (log) => {
      check(log.appendSync(line("1"), mark(10)), "appendSync() returned false");
      check(log.appendSync(line("2"), mark(20)), "appendSync() returned false");
      same(log.inputs.get("/a")?.offset, 20, "The place in /a");
      if (afterKill === undefined) return;
      const left = await (await afterKill()).openLog("records", {});
      same((await contents(left)).lines, [line("1"), line("2")], "Lines after the kill");
      same(left.inputs.get("/a")?.offset, 20, "The place in /a after the kill");
      await left.close();
    });
  },

  "appendSync() is false once the log is closed": async (store) => {
    let log: AtOnceLog | undefined;
    await withAtOnce(store, (open) => {
      log = open;
      check(open.appendSync(line("in time")), "appendSync() returned false on a healthy store");
    });
    if (log === undefined) return;
    check(!log.appendSync(line("late")), "appendSync() returned true after close()");
    await withAtOnce(store, async (again) => {
      same((await contents(again)).lines, [line("in time")], "Lines after another opening");
    });
  },
};
