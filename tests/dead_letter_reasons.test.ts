/** What a letter tells of its failure, on the way from a sink over its lane into the dead letters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeadLetter, RejectedError, type SinkResult } from "../mod.ts";
import type { LaneOptions } from "../src/pipeline/lane_options.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { messages, openBench } from "./support/lanes.ts";
import { listed } from "./support/letter_logs.ts";

/** The letters of a lane whose sink answers as `script` says, by message. */
async function lettersOf(
  script: Parameters<typeof recordingSink>[0],
  given: readonly string[],
  options: Partial<LaneOptions> = {},
): Promise<Record<string, DeadLetter>> {
  const bench = await openBench({
    sink: { sink: recordingSink(script), breaker: false, retry: { maxAttempts: 5 }, ...options },
  });
  await bench.write(...given);
  await bench.clock.advance(600_000);
  const letters = await listed(bench.pipeline.deadLetters);
  assert.equal(bench.pipeline.lanes.get("sink")!.pending, 0);
  await bench.close();
  return Object.fromEntries(letters.map((letter) => [JSON.parse(letter.record).msg, letter]));
}

const httpError = (status: number): Error =>
  Object.assign(new Error(`status ${status}`), { status });
const timeout = new DOMException("The operation timed out", "TimeoutError");
const never = new Promise<never>(() => {});

const REASONS: readonly (readonly [
  name: string,
  script: Parameters<typeof recordingSink>[0],
  want: { reason: string; attempts: number; name: string; status?: number },
  options?: Partial<LaneOptions>,
])[] = [
  ["every attempt fails", () => new TypeError("no"), {
    reason: "max_attempts",
    attempts: 5,
    name: "TypeError",
  }],
  ["every attempt gets a 503", () => httpError(503), {
    reason: "max_attempts",
    attempts: 5,
    name: "Error",
    status: 503,
  }],
  ["a 400", () => httpError(400), {
    reason: "non_retryable",
    attempts: 1,
    name: "Error",
    status: 400,
  }],
  ["a RejectedError", () => new RejectedError("no", { status: 422 }), {
    reason: "non_retryable",
    attempts: 1,
    name: "RejectedError",
    status: 422,
  }],
  ["a 413", () => httpError(413), { reason: "too_large", attempts: 1, name: "Error", status: 413 }],
  ["a RejectedError that says so", () => new RejectedError("big", { isTooLarge: true }), {
    reason: "too_large",
    attempts: 1,
    name: "RejectedError",
  }],
  ["the time of all attempts is over", () => httpError(502), {
    reason: "expired",
    attempts: 3,
    name: "Error",
    status: 502,
  }, { retry: { maxElapsedMs: 500, maxAttempts: 5, backoff: () => 250 } }],
  ["the last attempt takes too long", (_, call) => call < 3 ? new Error("no") : never, {
    reason: "timeout",
    attempts: 3,
    name: "JobTimeoutError",
  }, { timeoutMs: 1000, graceMs: 10, retry: { maxAttempts: 3 } }],
  ["the sink's own time limit", () => timeout, {
    reason: "timeout",
    attempts: 5,
    name: "TimeoutError",
  }],
  ["a time limit deep inside", () => new TypeError("fetch failed", { cause: timeout }), {
    reason: "timeout",
    attempts: 5,
    name: "TypeError",
  }],
  [
    "an earlier attempt takes too long, the last one fails",
    (_, call) => call < 5 ? timeout : new Error("no"),
    { reason: "max_attempts", attempts: 5, name: "Error" },
  ],
  ["a part of the answer rejects", () => ({ reject: [{ index: 0, reason: "no" }] }), {
    reason: "non_retryable",
    attempts: 1,
    name: "RejectedError",
  }],
  ["a part of the answer rejects what is too large", () => ({
    reject: [{ index: 0, reason: "no", isTooLarge: true, error: httpError(413) }],
  }), { reason: "too_large", attempts: 1, name: "Error", status: 413 }],
  ["a part of the answer asks again for ever", () => ({ retry: [0], error: httpError(429) }), {
    reason: "max_attempts",
    attempts: 5,
    name: "Error",
    status: 429,
  }],
];

for (const [name, script, want, options] of REASONS) {
  test(`${want.reason}: ${name}`, async () => {
    const { a } = await lettersOf(script, ["a"], options);
    const { reason, attempts, error: { name, status } } = a!;
    assert.deepEqual(
      { reason, attempts, name, ...(status === undefined ? {} : { status }) },
      want,
    );
  });
}

test("a letter keeps where its error was thrown and what caused it; one that only a word rejects has no place", async () => {
  const thrown = await lettersOf(
    () => new RejectedError("refused", { status: 400, cause: new Error("no field msg") }),
    ["a"],
  );
  const { stack, cause, message } = thrown.a!.error;
  assert.match(stack!, /dead_letter_reasons\.test/);
  assert.deepEqual([message, cause!.message], ["refused", "no field msg"]);
  const told = await lettersOf(() => ({ reject: [{ index: 0, reason: "refused" }] }), ["a"]);
  assert.deepEqual(told.a!.error, { name: "RejectedError", message: "refused" });
});

test("attempts count the calls that a record was in, also after its batch was split", async () => {
  const poisoned = await lettersOf(
    (batch) => batch.lines().some((line) => line.includes('"7"')) ? httpError(400) : undefined,
    messages(8),
  );
  // 8, 4, 2 and 1 records.
  assert.deepEqual([poisoned["7"]!.attempts, poisoned["7"]!.reason], [4, "non_retryable"]);
  const twice = await lettersOf((batch, call) => {
    if (call <= 2) return httpError(503);
    return batch.count > 1 ? { retry: [1] } : httpError(400);
  }, ["a", "b"]);
  assert.deepEqual([twice.a, twice.b!.attempts], [undefined, 4]);
});

test("a record that only stood behind another one has had no attempt of it", async () => {
  const letters = await lettersOf(
    (): SinkResult => ({ retry: [0], error: httpError(503) }),
    ["a", "b"],
  );
  assert.deepEqual([letters.a!.attempts, letters.b!.attempts], [5, 5]);
});

for (const order of ["none", "strict"] as const) {
  test(`when a part of a batch can never be delivered, only the record to blame is given up (order ${order})`, async () => {
    // As a sink answers that sends a batch in parts of two and stops at the first that fails.
    const letters = await lettersOf(
      (batch) => {
        const lines = batch.lines();
        for (let start = 0; start < lines.length; start += 2) {
          if (!lines.slice(start, start + 2).some((line) => line.includes("poison"))) continue;
          const error = new RejectedError("refused", { status: 422 });
          if (start === 0) return error;
          return {
            retry: Array.from({ length: lines.length - start }, (_, i) => start + i),
            error,
          };
        }
      },
      ["a", "b", "c", "poison", "d", "e"],
      { order },
    );
    assert.deepEqual(Object.keys(letters), ["poison"]);
    assert.equal(letters.poison!.error.status, 422);
  });
}
