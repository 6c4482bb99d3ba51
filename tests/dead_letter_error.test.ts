/** What a dead letter keeps of an error. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RejectedError } from "../mod.ts";
import { describeError } from "../src/delivery/dead_letter_error.ts";
import { readLetter } from "../src/delivery/dead_letter_form.ts";

test("an entry keeps name, message, status and the place of an error", () => {
  const { stack, ...told } = describeError(new RejectedError("no such index", { status: 404 }));
  assert.deepEqual(told, { name: "RejectedError", message: "no such index", status: 404 });
  assert.match(stack!, /dead_letter_error\.test/);
  assert.ok(!stack!.includes("no such index"), "the message stands in the entry once");
});

test("an entry keeps where an error with a message of many lines was thrown", () => {
  const { message, stack } = describeError(new Error("line\n".repeat(1000)));
  assert.equal(message.length, 2000);
  assert.match(stack!, /dead_letter_error\.test/);
  assert.ok(!stack!.includes("line\n"));
  assert.ok(stack!.split("\n").length <= 8);
  assert.ok(stack!.length <= 4000);
});

test("an entry keeps the causes of an error, four deep, and none twice round a circle", () => {
  const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" });
  const error = new TypeError("fetch failed", { cause: refused });
  assert.deepEqual(describeError(error).cause, { name: "Error", message: "ECONNREFUSED" });
  const circle = new Error("a");
  circle.cause = new Error("b", { cause: circle });
  const messages: string[] = [];
  for (let at = describeError(circle) as ReturnType<typeof describeError> | undefined; at;) {
    messages.push(at.message);
    at = at.cause;
  }
  assert.deepEqual(messages, ["a", "b", "a", "b", "a"]);
  assert.equal(describeError(new Error("x", { cause: "text" })).cause!.message, "text");
});

test("an entry whose cause is none is no entry", () => {
  const entry = (cause: unknown): unknown => ({
    id: "a/b/1",
    lane: "b",
    seq: 1,
    firstFailed: "2026-01-01T00:00:00.000Z",
    lastFailed: "2026-01-01T00:00:00.000Z",
    attempts: 1,
    replays: 0,
    reason: "timeout",
    error: { name: "Error", message: "", cause },
    record: "{}",
  });
  assert.doesNotThrow(() => readLetter(entry({ name: "Error", message: "x" })));
  for (const cause of [null, "text", { name: "Error" }]) {
    assert.throws(() => readLetter(entry(cause)), /its "error" is not an object with name/);
  }
});

test("whatever is thrown becomes an entry that can be stored and read", () => {
  const nasty: readonly unknown[] = [
    undefined,
    null,
    0,
    "text",
    Symbol("s"),
    Object.create(null),
    () => 1,
    { message: 1, name: {}, stack: 5, status: "404" },
    Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("unreadable");
      },
    }),
    new Proxy({}, {
      get() {
        throw new Error("unreadable");
      },
    }),
  ];
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.constantFrom(...nasty)), (thrown) => {
      const error = describeError(thrown);
      const entry = {
        id: "a/b/1",
        lane: "b",
        seq: 1,
        firstFailed: "2026-01-01T00:00:00.000Z",
        lastFailed: "2026-01-01T00:00:00.000Z",
        attempts: 1,
        replays: 0,
        reason: "max_attempts",
        error,
        record: "{}",
      };
      assert.deepEqual(readLetter(JSON.parse(JSON.stringify(entry))).error, error);
    }),
    { examples: nasty.map((thrown) => [thrown]) },
  );
});
