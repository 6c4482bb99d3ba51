/** Waits between attempts: the cases of other libraries, and what holds for every attempt. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { type Backoff, backoff, MAX_DELAY_MS } from "../src/delivery/backoff.ts";

interface BackoffCase {
  readonly name: string;
  readonly kind: Exclude<keyof typeof backoff, "custom">;
  readonly args: readonly unknown[];
  /** What chance answers; 0 if not said. */
  readonly chance?: number;
  readonly previousMs?: number;
  /** The first attempt; 1 if not said. */
  readonly from?: number;
  readonly want: readonly number[];
}

const CASES = JSON.parse(
  readFileSync(new URL("./cases/backoff.json", import.meta.url), "utf8"),
) as BackoffCase[];

for (const { name, kind, args, want, chance = 0, previousMs, from = 1 } of CASES) {
  test(`backoff: ${name}`, () => {
    const make = backoff[kind] as (...args: readonly unknown[]) => Backoff;
    const wait = make(...args);
    const waits = want.map((_, i) => wait(from + i, () => chance, previousMs));
    assert.deepEqual(waits, want);
  });
}

test("backoff: custom waits are brought within the limits", () => {
  const said = [NaN, -5, 12.7, Infinity];
  const wait = backoff.custom((attempt) => said[attempt - 1] ?? 0, { capMs: 1000 });
  assert.deepEqual([1, 2, 3, 4, 5].map((n) => wait(n, Math.random)), [1000, 0, 12, 1000, 0]);
});

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
