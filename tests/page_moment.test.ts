import assert from "node:assert/strict";
import { test } from "node:test";
import { type MomentReading, parseMoment } from "../src/tail/page/app/ui/moment_text.ts";

const NOW = Date.UTC(2026, 10, 21, 15);
const UTC: MomentReading = { zone: "utc", now: NOW, newest: NOW };

const MOMENTS: readonly [text: string, iso: string][] = [
  ["14:32", "2026-11-21T14:32:00.000Z"],
  ["9:05", "2026-11-21T09:05:00.000Z"],
  ["14:32:05", "2026-11-21T14:32:05.000Z"],
  ["14:32:05.120", "2026-11-21T14:32:05.120Z"],
  ["14:32:05.1", "2026-11-21T14:32:05.100Z"],
  ["14:32:05,123456", "2026-11-21T14:32:05.123Z"],
  ["2026-11-20 14:32", "2026-11-20T14:32:00.000Z"],
  ["2026-1-2 4:05", "2026-01-02T04:05:00.000Z"],
  ["2026-11-20", "2026-11-20T00:00:00.000Z"],
  ["2026-11-20T14:32:05Z", "2026-11-20T14:32:05.000Z"],
  ["2026-11-20T14:32:05.250+02:00", "2026-11-20T12:32:05.250Z"],
  ["2026-11-20 14:32 -0530", "2026-11-20T20:02:00.000Z"],
  ["2024-02-29", "2024-02-29T00:00:00.000Z"],
  ["0099-01-01", "invalid"],
  ["-15m", "2026-11-21T14:45:00.000Z"],
  ["15m", "2026-11-21T14:45:00.000Z"],
  ["2h ago", "2026-11-21T13:00:00.000Z"],
  ["1.5 h ago", "2026-11-21T13:30:00.000Z"],
  ["- 10 min", "2026-11-21T14:50:00.000Z"],
  ["90s", "2026-11-21T14:58:30.000Z"],
  ["1d", "2026-11-20T15:00:00.000Z"],
  ["  14:32  ", "2026-11-21T14:32:00.000Z"],
  // A time of day is the last one there was, unless it is about to come.
  ["15:03", "2026-11-21T15:03:00.000Z"],
  ["15:06", "2026-11-20T15:06:00.000Z"],
  ["23:59", "2026-11-20T23:59:00.000Z"],
];
for (const [text, iso] of MOMENTS) {
  test(`parseMoment() reads ${JSON.stringify(text)} as ${iso}`, () => {
    const moment = parseMoment(text, UTC);
    assert.equal(moment.ok ? new Date(moment.time).toISOString() : "invalid", iso);
  });
}

test("a time of day is of the day of the newest row, not of today", () => {
  const moment = parseMoment("14:32", { ...UTC, newest: Date.UTC(2020, 1, 3, 18) });
  assert.deepEqual(moment, { ok: true, time: Date.UTC(2020, 1, 3, 14, 32) });
});

test("a time without a zone is local where the page tells local times", () => {
  const now = new Date(2026, 6, 9, 15).getTime();
  const local: MomentReading = { zone: "local", now, newest: now };
  const cases: [string, Date][] = [
    ["14:32:05.120", new Date(2026, 6, 9, 14, 32, 5, 120)],
    ["16:00", new Date(2026, 6, 8, 16)],
    ["2026-01-31 00:00", new Date(2026, 0, 31)],
    ["2026-02-28", new Date(2026, 1, 28)],
    ["2026-01-31T12:00Z", new Date(Date.UTC(2026, 0, 31, 12))],
  ];
  for (const [text, date] of cases) {
    assert.deepEqual(parseMoment(text, local), { ok: true, time: date.getTime() }, text);
  }
});

const WRONG: readonly [text: string, problem: RegExp][] = [
  ["", /^Write a time, such as/],
  ["soon", /^“soon” is no time: write 14:32/],
  ["14", /is no time/],
  ["14:3", /is no time/],
  ["14:32pm", /is no time/],
  ["15m ago ago", /is no time/],
  ["<img src=x onerror=alert(1)> and more", /^“<img src=x onerror=alert…” is no time/],
  ["24:00", /from 00:00 to 23:59:59$/],
  ["12:60", /from 00:00 to 23:59:59$/],
  ["2026-02-29", /^There is no 2026-02-29 in the calendar$/],
  ["2026-13-01", /in the calendar$/],
  ["2026-00-10", /in the calendar$/],
  ["1969-12-31", /before 1970/],
  ["999999999d", /before 1970/],
];
for (const [text, problem] of WRONG) {
  test(`parseMoment() says what is wrong with ${JSON.stringify(text)}`, () => {
    const moment = parseMoment(text, UTC);
    assert.match(moment.ok ? String(moment.time) : moment.problem, problem);
  });
}
