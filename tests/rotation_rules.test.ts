/** The rules of rotation that need no disk: names, options, when it is due, what is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nameSeries } from "../src/sink/rotated_name.ts";
import { type RotationOptions, rotationSettings } from "../src/sink/rotation_options.ts";
import { beyondBytes, beyondCountAndAge, isDue } from "../src/sink/rotation_policy.ts";

const TIME = Date.UTC(2026, 10, 21, 10, 54, 23);
const STAMP = "2026-11-21T10-54-23Z";

const NAMES: readonly [base: string, rotated: string][] = [
  ["app.log", `app.000042.${STAMP}.log`],
  ["app.err.log", `app.err.000042.${STAMP}.log`],
  ["app", `app.000042.${STAMP}`],
  [".app", `.app.000042.${STAMP}`],
  [".app.log", `.app.000042.${STAMP}.log`],
  ["a*?[b].log", `a*?[b].000042.${STAMP}.log`],
  ["app.gz", `app.gz.000042.${STAMP}`],
  ["app.log.PART", `app.log.PART.000042.${STAMP}`],
  ["app.", `app.000042.${STAMP}.`],
];

for (const [base, rotated] of NAMES) {
  test(`${base} is rotated to ${rotated}`, () => {
    const series = nameSeries(base);
    assert.equal(series.nameOf(42, TIME), rotated);
    for (const [ending, form] of [["", "plain"], [".gz", "gzip"], [".gz.part", "part"]] as const) {
      assert.deepEqual(series.parse(rotated + ending), { number: 42, time: TIME, form });
    }
    assert.equal(series.parse(base), undefined);
  });
}

const FOREIGN: readonly string[] = [
  "app.log",
  "app.log.1",
  "app.000042.log",
  `app.42.${STAMP}.log`,
  `app.000042.${STAMP}.log.bak`,
  `app.000042.${STAMP}.log.part`,
  `app.000042.${STAMP}.log.gz.gz`,
  `app.000042.${STAMP}.logs`,
  `app.000042.${STAMP}`,
  `my-app.000042.${STAMP}.log`,
  `app.err.000042.${STAMP}.log`,
  `app.0000x2.${STAMP}.log`,
  `app.9999999999999999.${STAMP}.log`,
  "app.000042.2026-13-21T10-54-23Z.log",
  "app.000042.2026-02-30T10-54-23Z.log",
  "app.000042.2026-11-21T25-54-23Z.log",
  "app.000042.2026-11-21T10:54:23Z.log",
];

for (const name of FOREIGN) {
  test(`${name} is no file of app.log`, () => {
    assert.equal(nameSeries("app.log").parse(name), undefined);
  });
}

/** Names that could be taken for each other's. */
const base = fc.array(
  fc.constantFrom("app", "a", ".", ".gz", ".log", ".part", ".000001", `.${STAMP}`, "*", "é"),
  { minLength: 1, maxLength: 5 },
).map((pieces) => pieces.join("")).filter((name) => !/^\.*$/.test(name));
const form = fc.constantFrom("", ".gz", ".gz.part");
const time = fc.integer({ min: 0, max: 253_402_300_799 }).map((seconds) => seconds * 1000);

test("a rotated name belongs to the series of one active file only", () => {
  fc.assert(
    fc.property(base, base, fc.integer({ min: 1, max: 2e6 }), time, form, (one, two, n, t, f) => {
      fc.pre(one !== two);
      const name = nameSeries(one).nameOf(n, t) + f;
      assert.equal(nameSeries(one).parse(name)?.number, n);
      assert.equal(nameSeries(one).parse(name)?.time, t);
      assert.equal(nameSeries(two).parse(name), undefined);
    }),
  );
});

test("sorting by name is the order of numbers, whatever the clock said", () => {
  const number = fc.integer({ min: 1, max: 999_999 });
  fc.assert(
    fc.property(base, number, number, time, time, form, form, (b, n1, n2, t1, t2, f1, f2) => {
      fc.pre(n1 !== n2);
      const { nameOf } = nameSeries(b);
      assert.equal(nameOf(n1, t1) + f1 < nameOf(n2, t2) + f2, n1 < n2);
    }),
  );
});

test("a clock that is off the calendar still gives a name", () => {
  const { nameOf, parse } = nameSeries("app.log");
  for (const off of [-1, 8.64e15]) assert.equal(parse(nameOf(1, off))?.number, 1);
});

const hour = (text: string): number => Date.parse(`2026-11-21T${text}Z`);

const DUE: readonly [
  what: string,
  options: RotationOptions,
  file: { bytes: number; openedAtMs: number },
  add: number,
  now: number,
  due: boolean,
][] = [
  ["fits exactly", { maxBytes: 10 }, { bytes: 4, openedAtMs: 0 }, 6, 0, false],
  ["is one byte too much", { maxBytes: 10 }, { bytes: 4, openedAtMs: 0 }, 7, 0, true],
  ["is too large for any file", { maxBytes: 10 }, { bytes: 0, openedAtMs: 0 }, 99, 0, false],
  ["meets a file that is full", { maxBytes: 10 }, { bytes: 10, openedAtMs: 0 }, 1, 0, true],
  ["meets no rule", {}, { bytes: 1e15, openedAtMs: 0 }, 1e15, 1e13, false],
  [
    "comes in the same hour",
    { every: "hour" },
    { bytes: 1, openedAtMs: hour("10:00:00.000") },
    1,
    hour("10:59:59.999"),
    false,
  ],
  [
    "comes in the next hour",
    { every: "hour" },
    { bytes: 1, openedAtMs: hour("10:59:59.999") },
    1,
    hour("11:00:00.000"),
    true,
  ],
  [
    "comes in the next hour to an empty file",
    { every: "hour" },
    { bytes: 0, openedAtMs: hour("10:59:59.999") },
    1,
    hour("11:00:00.000"),
    false,
  ],
  [
    "comes on the next day",
    { every: "day" },
    { bytes: 1, openedAtMs: hour("23:59:59.999") },
    1,
    hour("23:59:59.999") + 1,
    true,
  ],
  ["comes in the same 5 s", { every: 5000 }, { bytes: 1, openedAtMs: 10_000 }, 1, 14_999, false],
  ["comes in the next 5 s", { every: 5000 }, { bytes: 1, openedAtMs: 14_999 }, 1, 15_000, true],
  [
    "comes after a clock that was set back over a border",
    { every: "hour" },
    { bytes: 1, openedAtMs: hour("11:00:00.100") },
    1,
    hour("10:59:59.900"),
    false,
  ],
  [
    "comes after a clock that was set back far",
    { every: "hour" },
    { bytes: 1, openedAtMs: hour("13:00:00.000") },
    1,
    hour("10:00:00.000"),
    true,
  ],
];

for (const [what, options, file, add, now, due] of DUE) {
  test(`a write that ${what} is ${due ? "" : "not "}due for a new file`, () => {
    assert.equal(isDue(rotationSettings(options), file, add, now), due);
  });
}

test("periods do not know daylight saving time", () => {
  const days = rotationSettings({ every: "day" });
  // The last Sundays of March and October, when clocks are moved in Europe.
  for (const date of ["2026-03-29", "2026-10-25"]) {
    const start = Date.parse(`${date}T00:00:00Z`);
    for (let at = start; at < start + 86_400_000; at += 1_800_000) {
      assert.equal(isDue(days, { bytes: 1, openedAtMs: start }, 1, at), false);
    }
    assert.equal(isDue(days, { bytes: 1, openedAtMs: start }, 1, start + 86_400_000), true);
  }
});

const files = fc.array(fc.record({ time: fc.integer({ min: 0, max: 100 }), bytes: fc.nat(50) }));

test("what is kept is never too many, too old or too large, and no more goes than must", () => {
  const limit = fc.option(fc.nat(60), { nil: undefined });
  fc.assert(fc.property(files, limit, limit, limit, (all, count, ageMs, bytes) => {
    const given = { count, ageMs, bytes };
    const { keep } = rotationSettings({ keep: JSON.parse(JSON.stringify(given)) });
    const gone = beyondCountAndAge(all, keep, 100);
    for (const [at, file] of all.entries()) {
      const mustGo = all.length - at > keep.count || 100 - file.time > keep.ageMs;
      assert.equal(gone.includes(file), mustGo);
    }
    const surplus = beyondBytes(all, keep).length;
    const sum = (from: number) => all.slice(from).reduce((total, file) => total + file.bytes, 0);
    assert.ok(sum(surplus) <= keep.bytes);
    if (surplus > 0) assert.ok(sum(surplus - 1) > keep.bytes);
  }));
});

const WRONG: readonly [options: unknown, message: string][] = [
  [{ maxBytes: 0 }, 'The option "maxBytes" must be a whole number from 1, not 0'],
  [{ maxBytes: 1.5 }, 'The option "maxBytes" must be a whole number from 1, not 1.5'],
  [{ maxBytes: "1 MB" }, 'The option "maxBytes" must be a whole number from 1, not "1 MB"'],
  [{ keep: { count: -1 } }, 'The option "keep.count" must be a whole number from 0, not -1'],
  [{ keep: { ageMs: NaN } }, 'The option "keep.ageMs" must be a whole number from 0, not NaN'],
  [{ keep: { bytes: -5 } }, 'The option "keep.bytes" must be a whole number from 0, not -5'],
  [{ every: 999 }, 'The option "every" must be a whole number of milliseconds from 1000, not 999'],
  [
    { every: "week" },
    'The option "every" must be "hour", "day" or a number of milliseconds, not "week"',
  ],
  [
    { every: "toString" },
    'The option "every" must be "hour", "day" or a number of milliseconds, not "toString"',
  ],
  [{ gzip: "yes" }, 'The option "gzip" must be true or false, not "yes"'],
];

for (const [options, message] of WRONG) {
  test(`the options ${JSON.stringify(options)} are refused in one sentence`, () => {
    assert.throws(() => rotationSettings(options as RotationOptions), { message });
  });
}
