/**
 * The cases that delivery must pass, gathered from what circuit breakers, retries, queues and dead letters
 * elsewhere do, are numbered by rows: R for retries, B for breakers, Q for rings and buffers, W for workers,
 * D for dead letters. Each row stands in the file of its part, and none is forgotten.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { caseParts, type NamedCase, readCases } from "./support/case_files.ts";

/** By row the part whose file holds it, and how many situations it names: each is one case. */
const ROWS: Readonly<Record<string, readonly [part: string, cases: number]>> = {
  R1: ["backoff", 1],
  R2: ["backoff", 2],
  R5: ["backoff", 5],
  R7: ["backoff", 1],
  R8: ["retry", 4],
  R9: ["retry", 1],
  R10: ["retry", 4],
  R11: ["retry", 6],
  B1: ["circuit_breaker", 1],
  B2: ["circuit_breaker", 1],
  B3: ["circuit_breaker", 1],
  B5: ["circuit_breaker", 1],
  B6: ["circuit_breaker", 1],
  B7: ["circuit_breaker", 1],
  B9: ["circuit_breaker", 1],
  B10: ["circuit_breaker", 2],
  B12: ["circuit_breaker", 1],
  B14: ["circuit_breaker", 4],
  Q1: ["ring", 2],
  Q2: ["ring", 1],
  Q4: ["ring", 3],
  W1: ["pool", 2],
  W2: ["pool", 1],
  W3: ["pool", 2],
  W5: ["pool", 1],
  D1: ["dead_letters", 2],
  D2: ["dead_letters", 1],
  D3: ["dead_letters", 2],
  D5: ["dead_letters", 1],
};

const PARTS: ReadonlyMap<string, readonly NamedCase[]> = new Map(
  caseParts().map((part) => [part, readCases<NamedCase>(part)]),
);

function rowOf({ name }: NamedCase): string | undefined {
  return /^[RBQWD]\d+(?= )/.exec(name)?.[0];
}

for (const [row, [part, count]] of Object.entries(ROWS)) {
  test(`row ${row} stands in cases/${part}.json and nowhere else`, () => {
    const found = [...PARTS].flatMap(([of, cases]) =>
      cases.filter((one) => rowOf(one) === row).map(() => of)
    );
    assert.deepEqual(found, Array(count).fill(part));
  });
}

test("every numbered case stands for a row, and every case has a name of its own", () => {
  const all = [...PARTS].flatMap(([part, cases]) => cases.map((one) => ({ part, ...one })));
  const unknown = all.filter((one) => !((rowOf(one) ?? "R1") in ROWS));
  assert.deepEqual(unknown, []);
  assert.equal(new Set(all.map(({ part, name }) => `${part}: ${name}`)).size, all.length);
});
