/** Waits between attempts: the cases of other libraries, and what holds for every attempt. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Backoff, backoff, MAX_DELAY_MS } from "../src/delivery/backoff.ts";

interface BackoffCase {
  readonly name: string;
  readonly wait: Backoff;
  readonly chance?: number;
  readonly previousMs?: number;
  readonly from?: number;
  readonly want: readonly number[];
}

const none = { jitter: "none" } as const;

const CASES: readonly BackoffCase[] = [
  {
    name: "R1 exponential from 128 with the cap 30000",
    wait: backoff.exponential({ baseMs: 128, ...none }),
    want: [128, 256, 512, 1024, 2048, 4096, 8192, 16384, 30000, 30000, 30000],
  },
  {
    name: "R2 exponential from 2 s with the cap 30 s",
    wait: backoff.exponential({ baseMs: 2000, ...none }),
    want: [2000, 4000, 8000, 16000, 30000],
  },
  {
    name: "R2 exponential from 10 ms by 3",
    wait: backoff.exponential({ baseMs: 10, factor: 3, ...none }),
    want: [10, 30, 90, 270],
  },
  {
    name: "R5 full jitter of 4000",
    wait: backoff.constant({ baseMs: 4000, jitter: 1 }),
    chance: 0.25,
    want: [3000],
  },
  {
    name: "R5 jitter 0 of 4000",
    wait: backoff.constant({ baseMs: 4000, jitter: 0 }),
    chance: 0.25,
    want: [4000],
  },
  {
    name: "R5 jitter 0.5 of 4000",
    wait: backoff.constant({ baseMs: 4000, jitter: 0.5 }),
    chance: 1,
    want: [2000],
  },
  {
    name: "R5 decorrelated from 100 after 400",
    wait: backoff.decorrelated({ baseMs: 100 }),
    chance: 0.5,
    previousMs: 400,
    want: [650],
  },
  {
    name: "R5 decorrelated from 100 after 400 with the cap 500",
    wait: backoff.decorrelated({ baseMs: 100, capMs: 500 }),
    chance: 0.5,
    previousMs: 400,
    want: [500],
  },
  {
    name: "R7 fibonacci of 1 s with the cap 10 s",
    wait: backoff.fibonacci({ baseMs: 1000, capMs: 10_000, ...none }),
    want: [1000, 1000, 2000, 3000, 5000, 8000, 10000, 10000],
  },
  {
    name: "constant",
    wait: backoff.constant({ baseMs: 250, ...none }),
    want: [250, 250, 250],
  },
  {
    name: "linear",
    wait: backoff.linear({ baseMs: 100, capMs: 350, ...none }),
    want: [100, 200, 300, 350, 350],
  },
  {
    name: "a list, whose last wait repeats",
    wait: backoff.list([10, 50, 20]),
    want: [10, 50, 20, 20, 20],
  },
  { name: "a list above the cap", wait: backoff.list([10, 99], { capMs: 40 }), want: [10, 40] },
  {
    name: "custom, brought within the limits",
    wait: backoff.custom((n) => [NaN, -5, 12.7, Infinity][n - 1] ?? 0, { capMs: 1000 }),
    want: [1000, 0, 12, 1000, 0],
  },
  {
    name: "defaults: 200 ms, doubled, full jitter",
    wait: backoff.exponential(),
    chance: 0.5,
    want: [100, 200, 400],
  },
  {
    name: "proportional jitter never exceeds the cap",
    wait: backoff.constant({ baseMs: 400, capMs: 450, jitter: { proportional: 0.25 } }),
    chance: 1,
    want: [450],
  },
  {
    name: "an attempt that is none counts as the first",
    wait: backoff.linear({ baseMs: 100, ...none }),
    from: -1,
    want: [100, 100, 100, 200],
  },
];

for (const { name, wait, want, chance = 0, previousMs, from = 1 } of CASES) {
  test(`backoff: ${name}`, () => {
    const waits = want.map((_, i) => wait(from + i, () => chance, previousMs));
    assert.deepEqual(waits, want);
  });
}

const WRONG: readonly [string, () => unknown][] = [
  ["Cannot use baseMs -1: allowed are 0 and more", () => backoff.constant({ baseMs: -1 })],
  ["Cannot use factor NaN: allowed are 0 and more", () => backoff.exponential({ factor: NaN })],
  ["Cannot use capMs -2: allowed are 0 and more", () => backoff.fibonacci({ capMs: -2 })],
  ["Cannot use delaysMs[1] -3: allowed are 0 and more", () => backoff.list([1, -3])],
  [
    "Cannot wait by an empty list: give at least one delay in milliseconds",
    () => backoff.list([]),
  ],
  [
    'Cannot use the jitter 1.5: allowed are "none", "full", "equal" and parts from 0 to 1',
    () => backoff.linear({ jitter: { proportional: 1.5 } }),
  ],
];

for (const [message, make] of WRONG) {
  test(`backoff: ${message}`, () => assert.throws(make, { name: "RangeError", message }));
}

const anyMs = fc.oneof(
  fc.constantFrom(0, 1, 5e-324, 1e308, Infinity),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
);
const anyJitter = fc.oneof(
  fc.constantFrom("none" as const, "full" as const, "equal" as const),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }).map((proportional) => ({ proportional })),
);
const anyAttempt = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.constantFrom(1e3, 2 ** 31, 2 ** 53, 1e300, Infinity, NaN, 0, -1, 1.5),
);
const anyChance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

test("backoff: no wait is NaN, broken, negative or over the cap, however large the attempt", () => {
  const anyNumber = fc.double();
  const made = fc.record({ baseMs: anyMs, capMs: anyMs, jitter: anyJitter, factor: anyMs })
    .chain((options) =>
      fc.oneof(
        fc.constantFrom(
          backoff.constant(options),
          backoff.linear(options),
          backoff.exponential(options),
          backoff.fibonacci(options),
          backoff.decorrelated(options),
          backoff.list([options.baseMs, options.factor], options),
        ),
        anyNumber.map((number) => backoff.custom(() => number, options)),
      ).map((wait) => ({ wait, capMs: options.capMs }))
    );
  const previous = fc.option(anyNumber, { nil: undefined });
  fc.assert(
    fc.property(made, anyAttempt, anyChance, previous, ({ wait, capMs }, attempt, chance, prev) => {
      const waitMs = wait(attempt, () => chance, prev);
      assert.ok(Number.isInteger(waitMs), `${waitMs} is no whole number`);
      assert.ok(
        waitMs >= 0 && waitMs <= Math.min(capMs, MAX_DELAY_MS),
        `${waitMs} is out of bounds`,
      );
    }),
    { numRuns: 1000 },
  );
});

test("backoff: jitter keeps to its bounds", () => {
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(fc.nat(1_000_000), anyChance, part, (baseMs, chance, proportional) => {
    const waitBy = (jitter: "none" | "full" | "equal" | { proportional: number }) =>
      backoff.constant({ baseMs, capMs: Infinity, jitter })(1, () => chance);
    assert.equal(waitBy("none"), baseMs);
    assert.ok(waitBy("full") >= 0 && waitBy("full") <= baseMs);
    assert.ok(waitBy("equal") >= Math.floor(baseMs / 2) && waitBy("equal") <= baseMs);
    const near = waitBy({ proportional });
    assert.ok(near >= Math.floor(baseMs * (1 - proportional)));
    assert.ok(near <= Math.ceil(baseMs * (1 + proportional)));
  }));
});

test("backoff: decorrelated waits lie between the base and three times the wait before", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(anyChance), (baseMs, chances) => {
      const wait = backoff.decorrelated({ baseMs, capMs: 20_000 });
      let previousMs: number | undefined;
      for (const [i, chance] of chances.entries()) {
        const next = wait(i + 1, () => chance, previousMs);
        assert.ok(next >= baseMs && next <= Math.min(20_000, 3 * (previousMs ?? baseMs)));
        previousMs = next;
      }
    }),
  );
});
