import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaneStats } from "../src/pipeline/stats.ts";
import { readAddress, writeAddress } from "../src/tail/page/app/ui/address.ts";
import { laneWords, summaryWords } from "../src/tail/page/app/ui/lane_words.ts";
import { addTerm, fieldTerm } from "../src/tail/page/app/ui/query_term.ts";
import { timeText } from "../src/tail/page/app/ui/time_text.ts";
import { bytesText, counted, durationText, rateText } from "../src/tail/page/app/ui/words.ts";
import { FilterError } from "../src/tail/filter.ts";
import { createMatcher } from "../src/tail/filter_match.ts";
import { parseQuery } from "../src/tail/query.ts";
import { retryDelayMs } from "../src/tail/page/app/worker/reconnect.ts";
import { laneStats } from "./browser/support/figures.ts";

const LANES: readonly [name: string, lane: Partial<LaneStats>, tone: string, sentence: string][] = [
  ["a lane with nothing to do is well", {}, "good", ""],
  ["a lane that delivers is well", { state: "delivering", pending: 40 }, "good", ""],
  [
    "an open breaker is bad, and what waits is counted",
    { state: "breaker-open", breaker: "open", pending: 1_204, lastError: "503" },
    "bad",
    "Sink “http” fails: 503; its breaker is open, it is tried again soon; 1,204 records wait on disk, none lost",
  ],
  [
    "a breaker opens between two tries",
    { state: "waiting-to-retry", breaker: "open", pending: 1, lastError: "down." },
    "bad",
    "Sink “http” fails: down; its breaker is open, it is tried again soon; 1 record waits on disk, none lost",
  ],
  [
    "losses are told with their reason",
    { state: "idle", dropped: { wal_limit: 7 } },
    "warn",
    "7 lost (the log was full)",
  ],
  [
    "a lane far behind is catching up",
    { state: "delivering", pending: 42_000 },
    "warn",
    "Delivers, but is behind; 42,000 records wait on disk",
  ],
  [
    "a paused lane is neither well nor ill",
    { state: "paused" },
    "off",
    "Sink “http” was paused by hand",
  ],
];

for (const [name, lane, tone, sentence] of LANES) {
  test(`laneWords(): ${name}`, () => {
    const words = laneWords("http", laneStats(lane), true);
    assert.deepEqual([words.tone, words.sentence], [tone, sentence]);
  });
}

test("summaryWords() names who is in trouble", () => {
  const good = laneWords("a", laneStats(), true);
  const bad = laneWords("b", laneStats({ state: "parked", lastError: "401" }), true);
  assert.equal(summaryWords([["a", good], ["b", good]]).sentence, "Both sinks are well");
  assert.equal(summaryWords([["a", good], ["b", bad]]).sentence, "1 of 2 in trouble: b parked");
  assert.equal(summaryWords([["a", good], ["b", bad]]).tone, "bad");
});

test("timeText() tells UTC, the day of older records, and how long ago", () => {
  const now = Date.UTC(2026, 10, 21, 12, 0, 0);
  assert.equal(timeText(now - 61_500, "utc", now), "11:58:58.500");
  assert.equal(timeText(now - 86_400_000, "utc", now), "Nov 20 12:00");
  assert.equal(timeText(NaN, "utc", now), "");
  const ago = [0, 12_000, 200_000, 7_300_000, 300_000_000].map((ms) =>
    timeText(now - ms, "relative", now)
  );
  assert.deepEqual(ago, ["now", "12 s ago", "3 min ago", "2 h ago", "3 d ago"]);
});

test("figures are short and have units", () => {
  assert.deepEqual([0, 900, 1_536, 12_400_000].map(bytesText), [
    "0 B",
    "900 B",
    "1.5 KiB",
    "12 MiB",
  ]);
  assert.deepEqual([0, 0.333, 12.4, 12_345].map(rateText), ["0/s", "0.3/s", "12/s", "12,345/s"]);
  assert.deepEqual([0.12, 1.25, 31, 1_500].map(durationText), [
    "0.12 ms",
    "1.3 ms",
    "31 ms",
    "1.5 s",
  ]);
  assert.deepEqual([1, 2_000].map((n) => counted(n, "row")), ["1 row", "2,000 rows"]);
});

test("an address keeps query, levels, marks and record, and the keys of others", () => {
  const address = {
    query: 'level>=warn "two words" a&b=1',
    levels: [false, false, true, true, true, true],
    marks: ["bob", "ü+"],
    seq: 42,
  };
  const written = writeAddress("?theme=x&q=old", address);
  const url = new URL(`http://host/logs${written}`);
  assert.deepEqual(readAddress(url.search, url.hash), address);
  assert.equal(url.searchParams.get("theme"), "x");
  const open = {
    query: "",
    levels: [true, true, true, true, true, true],
    marks: [],
    seq: undefined,
  };
  assert.equal(writeAddress("?q=old", open), "");
});

test("fieldTerm() quotes what the query line would take for something else", () => {
  assert.equal(fieldTerm("user.id", "=", "42"), "user.id=42");
  assert.equal(fieldTerm("level", "!=", "a b"), '"level"!="a b"');
  assert.equal(fieldTerm("odd name", "=", 'say "x" \\'), '"odd name"="say \\"x\\" \\\\"');
  assert.equal(addTerm("a", "b=1"), "a b=1");
  assert.equal(addTerm("a b=1", "b=1"), "a b=1");
});

test("retryDelayMs() doubles from 250 ms to 10 s, with full jitter", () => {
  assert.deepEqual([0, 1, 2, 9].map((attempt) => retryDelayMs(attempt, 1)), [
    250,
    500,
    1_000,
    10_000,
  ]);
  assert.equal(retryDelayMs(3, 0), 0);
  assert.equal(retryDelayMs(3, 0.5), 1_000);
});

const line = JSON.stringify({
  time: "2026-01-01T00:00:00.000Z",
  level: "warn",
  msg: "Request timeout",
  logger: "db.pool",
  fields: { user: { id: 42, name: "Bob" }, dur: 150 },
});

const QUERIES: readonly [query: string, passes: boolean][] = [
  ["", true],
  ["timeout", true],
  ["Timeout", false],
  ["-timeout", false],
  ['"request timeout"', true],
  ["level>=warn", true],
  ["level>=error", false],
  ["level=warn,error", true],
  ["logger:db", true],
  ["logger:d", false],
  ["user.id=42 dur>100", true],
  ["user.id!=42", false],
  ["user.name~bob", true],
  ["user.id?", true],
  ["user.mail?", false],
  ["/time.?OUT/i", true],
];

for (const [query, passes] of QUERIES) {
  test(`the query line "${query}" ${passes ? "lets the record pass" : "holds it back"}`, () => {
    assert.equal(createMatcher(parseQuery(query))(line), passes);
  });
}

test("a query line that cannot be read names the column", () => {
  const column = (query: string) => {
    try {
      parseQuery(query);
    } catch (error) {
      return error instanceof FilterError ? error.column : error;
    }
  };
  assert.deepEqual(['a "open', "a /(/"].map(column), [3, 3]);
});
