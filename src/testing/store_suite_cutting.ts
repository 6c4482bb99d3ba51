import type { CursorRow, LogStore } from "../storage/store.ts";
import { seededRandom } from "./random.ts";
import {
  check,
  contents,
  fill,
  line,
  rejection,
  same,
  type StoreUnderTest,
} from "./store_suite_checks.ts";

type Body = (store: StoreUnderTest) => Promise<void>;

/** Several segments of this are reached quickly; everything is retained. */
const SETTINGS = { maxBytes: 1024 * 1024, retain: "all" } as const;

/** Opens a log and closes it, once for each of `uses`. */
async function inOpenings(
  store: StoreUnderTest,
  ...uses: ((log: LogStore) => Promise<void>)[]
): Promise<void> {
  for (const use of uses) {
    const log = await store.openLog("records", SETTINGS);
    try {
      await use(log);
    } finally {
      await log.close();
    }
  }
}

function row(lane: string, nextSeq: number): CursorRow {
  const counts = { delivered: 0, deadLettered: 0, dropped: {}, filtered: 0, redelivered: 0 };
  return { lane, since: 1, nextSeq, ...counts };
}

/** Cutting a log at either end. */
export const CUTTING: Record<string, Body> = {
  "truncateBefore() gives up exactly the records below, whatever is retained": async (store) => {
    let lines: string[] = [];
    const cut = async (log: LogStore, seq: number): Promise<void> => {
      await log.truncateBefore(seq);
      same(
        [log.firstSeq, log.stats().entries],
        [seq, 1301 - seq],
        `firstSeq, entries before ${seq}`,
      );
      const gaps = [{ firstSeq: 1, count: seq - 1, reason: "trimmed" }];
      same(await contents(log, 1), { lines: lines.slice(seq - 1), gaps }, `Contents from ${seq}`);
    };
    await inOpenings(
      store,
      async (log) => {
        lines = fill(log, 1300, 500);
        for (const seq of [2, 40, 41, 900]) await cut(log, seq);
        await log.truncateBefore(3);
        same(log.firstSeq, 900, "firstSeq after a cut that lies behind");
      },
      async (log) => {
        same(log.firstSeq, 900, "firstSeq after another opening");
        await cut(log, 1250);
      },
    );
  },

  "truncateBefore() of everything leaves an empty log whose numbers go on": (store) =>
    inOpenings(
      store,
      async (log) => {
        fill(log, 1300, 500);
        await log.truncateBefore(1301);
        same([log.firstSeq, log.nextSeq, log.stats().entries], [1301, 1301, 0], "Numbers, entries");
        same(await contents(log), { lines: [], gaps: [] }, "Contents");
      },
      async (log) => {
        same([log.firstSeq, log.nextSeq], [1301, 1301], "Numbers after another opening");
        same(await contents(log), { lines: [], gaps: [] }, "Contents after another opening");
        const lines = fill(log, 2);
        same(await contents(log), { lines, gaps: [] }, "Contents after new lines");
      },
    ),

  "truncateAfter() gives up exactly the records above, and their numbers are used again": async (
    store,
  ) => {
    let lines: string[] = [];
    const cut = async (log: LogStore, seq: number): Promise<void> => {
      await log.truncateAfter(seq);
      lines = lines.slice(0, seq);
      const numbers = [log.nextSeq, log.writtenSeq, log.durableSeq];
      same(numbers, [seq + 1, seq + 1, seq + 1], `nextSeq, writtenSeq, durableSeq after ${seq}`);
      same(await contents(log, 1), { lines, gaps: [] }, `Contents up to ${seq}`);
    };
    await inOpenings(
      store,
      async (log) => {
        lines = fill(log, 1300, 500);
        for (const seq of [1299, 1250, 700, 699]) await cut(log, seq);
        await log.truncateAfter(699);
        await log.truncateAfter(5000);
        same(log.nextSeq, 700, "nextSeq after cuts that lie ahead");
        lines.push(...fill(log, 3, 200));
        same(await contents(log, 1), { lines, gaps: [] }, "Contents after new lines");
        await log.sync();
      },
      async (log) => {
        same(await contents(log, 1), { lines, gaps: [] }, "Contents after another opening");
        await cut(log, 1);
        await cut(log, 0);
        lines = fill(log, 60, 300);
      },
      async (log) => {
        same(await contents(log, 1), { lines, gaps: [] }, "Contents after a cut of everything");
      },
    );
  },

  "truncateAfter() gives up what is only staged as well, and refuses what is before the log": (
    store,
  ) =>
    inOpenings(store, async (log) => {
      const lines = fill(log, 10);
      log.stage(line("staged"));
      await log.truncateAfter(8);
      same(await contents(log), { lines: lines.slice(0, 8), gaps: [] }, "Contents");
      await log.truncateBefore(5);
      for (const seq of [3, -1, 1.5, NaN]) {
        const error = await rejection(log.truncateAfter(seq), `truncateAfter(${seq})`);
        same((error as Error).name, "RangeError", `The error of truncateAfter(${seq})`);
      }
      await log.truncateAfter(4);
      same([log.firstSeq, log.nextSeq], [5, 5], "Numbers after a cut of all that was left");
    }),

  "truncateAfter() leaves no cursor and no place of an input behind the end": (store) =>
    inOpenings(
      store,
      async (log) => {
        for (let i = 1; i <= 9; i++) {
          log.stage(line(`${i}`), { file: i < 9 ? "/a" : "/b", offset: i * 10, id: "1:2" });
          log.flushSync();
        }
        await log.sync();
        log.saveCursorsSync([row("ahead", 9), row("behind", 2)]);
        await log.truncateAfter(5);
        check((log.inputs.get("/a")?.offset ?? 0) <= 50, "The place in /a is behind the end");
      },
      async (log) => {
        const cursors = [...log.cursors()].sort((x, y) => x.lane < y.lane ? -1 : 1);
        same(
          cursors.map(({ lane, nextSeq }) => [lane, nextSeq]),
          [["ahead", 6], ["behind", 2]],
          "Cursors",
        );
        check((log.inputs.get("/a")?.offset ?? 0) <= 50, "The place in /a is behind the end");
        same(log.inputs.get("/b"), undefined, "The place in /b");
        await log.sync();
      },
    ),

  "a sync under way does not make durable what takes the numbers of records given up": (store) =>
    inOpenings(store, async (log) => {
      fill(log, 9);
      const syncing = log.sync();
      const cutting = log.truncateAfter(3);
      await Promise.all([syncing, cutting]);
      same([log.nextSeq, log.durableSeq], [4, 4], "nextSeq, durableSeq after the cut");
      const lines = fill(log, 4);
      if (log.acknowledges === "power-cut") {
        same(log.durableSeq, 4, "durableSeq with four new lines that were not synced");
      }
      await log.sync();
      same([log.durableSeq, (await contents(log, 4)).lines], [8, lines], "durableSeq, lines");
    }),

  "a cut survives a kill": async (store) => {
    if (store.afterKill === undefined) return;
    const log = await store.openLog("records", SETTINGS);
    const lines = fill(log, 300, 300);
    await log.truncateBefore(20);
    await log.truncateAfter(250);
    const left = await (await store.afterKill()).openLog("records", SETTINGS);
    same([left.firstSeq, left.nextSeq], [20, 251], "Numbers after the kill");
    same(
      await contents(left),
      { lines: lines.slice(19, 250), gaps: [] },
      "Contents after the kill",
    );
    await left.close();
    await log.close();
  },

  "cutting, writing and opening again in any order reads as a plain list": async (store) => {
    const random = seededRandom(11);
    let lines: string[] = [];
    let first = 1;
    let log = await store.openLog("records", SETTINGS);
    for (let step = 0; step < 120; step++) {
      const kind = random.below(10);
      const within = first - 1 + random.below(log.nextSeq - first + 1);
      if (kind < 5) lines.push(...fill(log, random.below(20), random.below(400)));
      else if (kind < 7) {
        await log.truncateAfter(within);
        lines = lines.slice(0, within);
      } else if (kind < 8) await log.truncateBefore(first = within + 1);
      else {
        await log.close();
        log = await store.openLog("records", SETTINGS);
      }
      same([log.firstSeq, log.nextSeq], [first, lines.length + 1], `Numbers in step ${step}`);
      same(
        await contents(log),
        { lines: lines.slice(first - 1), gaps: [] },
        `Contents, step ${step}`,
      );
    }
    await log.close();
  },
};
