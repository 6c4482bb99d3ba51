import type { LogSettings, LogStore } from "../storage/store.ts";
import { fakeClock } from "./fake_clock.ts";
import { seededRandom } from "./random.ts";
import { check, contents, fill, line, same, type StoreUnderTest } from "./store_suite_checks.ts";

type Body = (store: StoreUnderTest) => Promise<void>;

/** Small enough to reach, large enough for several segments. */
const MAX_BYTES = 1024 * 1024;
/** Lines that make about two thirds of it, of about 500 bytes. */
const MANY = 1300;

async function withSmallLog(
  store: StoreUnderTest,
  settings: LogSettings,
  use: (log: LogStore) => Promise<void>,
): Promise<void> {
  const log = await store.openLog("records", { maxBytes: MAX_BYTES, ...settings });
  try {
    await use(log);
  } finally {
    await log.close();
  }
}

/** Reading, and what is kept for how long. */
export const KEEPING: Record<string, Body> = {
  "a reader begins anywhere, goes on as lines come, and moves": (store) =>
    withSmallLog(store, {}, async (log) => {
      const lines = fill(log, 700, 300);
      for (const from of [1, 2, 57, 350, 700, 701, 900]) {
        same((await contents(log, from)).lines, lines.slice(from - 1), `Lines from ${from} on`);
      }
      const reader = log.reader(690);
      const first = await reader.next();
      check(first.kind === "lines" && first.chunk.firstSeq === 690, "No lines from 690 on");
      while ((await reader.next()).kind !== "end");
      same([(await reader.next()).kind, reader.nextSeq], ["end", 701], "The end, twice");
      fill(log, 1);
      const live = await reader.next();
      check(live.kind === "lines" && live.chunk.firstSeq === 701, "The reader missed a new line");
      reader.seek(3);
      const back = await reader.next();
      check(back.kind === "lines" && back.chunk.firstSeq === 3, "The reader did not move to 3");
      reader.close();
    }),

  "trim() removes the oldest that are settled, no others, and readers are told": (store) =>
    withSmallLog(store, { retain: 0 }, async (log) => {
      const lines = fill(log, MANY, 500);
      check(!log.canTrim(1), "canTrim(1) with nothing settled");
      await log.trim(1);
      same(log.firstSeq, 1, "firstSeq after trim(1)");
      const { bytes } = log.stats();
      check(log.canTrim(1000), "Not canTrim(1000) with 1300 lines and nothing to retain");
      await log.trim(1000);
      check(
        log.firstSeq > 1 && log.firstSeq <= 1000,
        `firstSeq is ${log.firstSeq} after trim(1000)`,
      );
      check(!log.canTrim(1000), "canTrim(1000) after trim(1000)");
      check(log.stats().bytes < bytes, "bytes did not shrink");
      same(log.stats().entries, log.nextSeq - log.firstSeq, "entries");
      const { firstSeq } = log;
      const found = await contents(log, 1);
      const gap = { firstSeq: 1, count: firstSeq - 1, reason: "trimmed" };
      same(found, { lines: lines.slice(firstSeq - 1), gaps: [gap] }, "Contents");
    }),

  "what was trimmed stays away, numbers go on, and places of inputs stay": async (store) => {
    let first = 0;
    const mark = { file: "/a", offset: 20, id: "1:2" };
    await withSmallLog(store, { retain: 0 }, async (log) => {
      for (const offset of [10, 20]) {
        log.stage(line("from a file"), { ...mark, offset });
        log.flushSync();
      }
      fill(log, MANY, 500);
      await log.trim(log.nextSeq);
      first = log.firstSeq;
      check(first > 2, "Nothing was trimmed");
      same(log.inputs.get("/a"), mark, "The place in /a");
    });
    await withSmallLog(store, { retain: 0 }, async (log) => {
      same([log.firstSeq, log.nextSeq], [first, MANY + 3], "Numbers after another opening");
      same(log.inputs.get("/a"), mark, "The place in /a after another opening");
      fill(log, 1);
      same((await contents(log)).lines.length, MANY + 4 - first, "Lines after another opening");
    });
  },

  "retain keeps that much of what is settled": (store) =>
    withSmallLog(store, { retain: 300_000 }, async (log) => {
      fill(log, MANY, 500);
      await log.trim(log.nextSeq);
      check(log.firstSeq > 1, "Nothing was removed beyond retain");
      const { bytes } = log.stats();
      check(bytes >= 300_000, `${bytes} bytes are left, 300000 were to be retained`);
    }),

  "retain all keeps everything": (store) =>
    withSmallLog(store, { retain: "all" }, async (log) => {
      fill(log, MANY, 500);
      check(!log.canTrim(log.nextSeq), "canTrim with retain all");
      await log.trim(log.nextSeq);
      same(log.firstSeq, 1, "firstSeq");
    }),

  "retainAgeMs ends what retain would keep": async (store) => {
    const clock = fakeClock();
    const settings = { retain: MAX_BYTES, retainAgeMs: 60_000, clock };
    await withSmallLog(store, settings, async (log) => {
      fill(log, MANY, 500);
      await clock.advance(60_000);
      check(!log.canTrim(log.nextSeq), "canTrim at the very age");
      await clock.advance(1);
      check(log.canTrim(log.nextSeq), "Not canTrim beyond the age");
      check(!log.canTrim(1), "canTrim(1) with nothing settled");
    });
  },

  "a full log says so, and has room again without its oldest records": (store) =>
    withSmallLog(store, { retain: "all" }, async (log) => {
      let rounds = 0;
      for (; !log.full && rounds < 3000; rounds++) fill(log, 1, 1000);
      check(log.full, `Not full after ${rounds} lines of 1000 bytes, with maxBytes ${MAX_BYTES}`);
      check(rounds > 500, `Full after ${rounds} lines of 1000 bytes, with maxBytes ${MAX_BYTES}`);
      const { evictTo } = log;
      check(evictTo > 1 && evictTo < log.writtenSeq, `evictTo is ${evictTo} of ${log.writtenSeq}`);
      check(log.canTrim(evictTo), "Not canTrim(evictTo) while full");
      await log.trim(evictTo);
      same([log.full, log.firstSeq], [false, evictTo], "full, firstSeq after trim(evictTo)");
    }),

  "one line that fills the log by itself can go": (store) =>
    withSmallLog(store, { maxBytes: 65_536, retain: 0 }, async (log) => {
      log.stage(line("x".repeat(100_000)));
      await log.sync();
      check(log.full, "Not full with a line beyond maxBytes");
      check(log.canTrim(2), "Not canTrim(2) with the only line settled");
      await log.trim(2);
      same([log.full, log.firstSeq, log.nextSeq], [false, 2, 2], "full, firstSeq, nextSeq");
      fill(log, 1);
      same((await contents(log)).lines.length, 1, "Lines");
    }),

  "writing, trimming and opening again in any order reads as a plain list": async (store) => {
    const random = seededRandom(7);
    const settings = { maxBytes: 65_536, retain: 0 };
    const lines: string[] = [];
    let log = await store.openLog("records", settings);
    for (let step = 0; step < 150; step++) {
      const kind = random.below(10);
      if (kind < 6) lines.push(...fill(log, random.below(20), random.below(400)));
      else if (kind < 8) await log.trim(1 + random.below(log.nextSeq));
      else if (kind < 9) await log.sync();
      else {
        await log.close();
        log = await store.openLog("records", settings);
      }
      if (log.full) await log.trim(log.evictTo);
      same(log.nextSeq, lines.length + 1, `nextSeq in step ${step}`);
      const from = log.firstSeq + random.below(log.nextSeq - log.firstSeq + 1);
      const found = await contents(log, from);
      same(
        found,
        { lines: lines.slice(from - 1), gaps: [] },
        `Contents from ${from}, step ${step}`,
      );
    }
    await log.close();
  },
};
