/** What sinks, rules and options of programs without types get wrong: told in words, and no lane ends of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch, SinkResult } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

const trapped = (): never => {
  throw new Error("no look at this");
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const getter = (key: string): Error =>
  Object.defineProperty(new Error("down"), key, { get: trapped });

/** What cannot be looked at, or made text of. */
const UNREADABLE: Readonly<Record<string, unknown>> = {
  "a revoked proxy": revoked.proxy,
  "a proxy that throws": new Proxy(new Error("down"), { get: trapped, getPrototypeOf: trapped }),
  "an object without a prototype": Object.create(null),
  "an object that is no text": { toString: trapped },
  "an error with a message that throws": getter("message"),
  "an error with a name that throws": getter("name"),
  "an error with a cause that throws": new Error("down", { cause: getter("name") }),
  "nothing": undefined,
};

for (const [what, thrown] of Object.entries(UNREADABLE)) {
  test(`a sink that throws ${what} ends no lane, and its records become dead letters`, async () => {
    const sink = () => {
      throw thrown;
    };
    const retry = { maxAttempts: 2, backoff: () => 1 };
    const bench = await openBench({ sink: { sink, retry } });
    await bench.write("a", "b");
    await bench.clock.advance(1000);
    const { state, deadLettered, attempts } = bench.pipeline.lanes.get("sink")!;
    assert.deepEqual([state, deadLettered, attempts], ["idle", 2, 2]);
    await bench.close();
  });

  test(`a partial result with ${what} as its error ends no lane`, async () => {
    const sink = (): SinkResult => ({
      retry: [0],
      reject: [{ index: 1, reason: "no", error: thrown }],
      error: thrown,
    });
    const retry = { maxAttempts: 2, backoff: () => 1 };
    const bench = await openBench({ sink: { sink, order: "none", retry } });
    await bench.write("a", "b", "c");
    await bench.clock.advance(1000);
    const { state, delivered, deadLettered } = bench.pipeline.lanes.get("sink")!;
    assert.deepEqual([state, delivered, deadLettered], ["idle", 1, 2]);
    await bench.close();
  });
}

const NO_RESULTS: Readonly<Record<string, unknown>> = {
  "reject: [null]": { reject: [null] },
  "reject: 5": { reject: 5 },
  "retry: 5": { retry: 5 },
  'retry: "01"': { retry: "01" },
};

for (const [what, answer] of Object.entries(NO_RESULTS)) {
  for (const when of ["at once", "later"]) {
    test(`a sink that answers ${what} ${when} has failed, and is told so in words`, async () => {
      let calls = 0;
      const say = () => (++calls === 1 ? answer : undefined) as SinkResult | undefined;
      const sink = when === "later" ? () => Promise.resolve(say()) : say;
      const bench = await openBench({ sink });
      await bench.write("a", "b");
      await bench.clock.advance(1000);
      const { state, delivered, failures } = bench.pipeline.lanes.get("sink")!;
      assert.deepEqual([state, delivered, failures], ["idle", 2, 1]);
      assert.match(bench.events[0]!.message, /no result that can be understood: retry must be/);
      await bench.close();
    });
  }
}

test("null where a partial result names nothing is nothing", async () => {
  const sink = (_: Batch) => ({ retry: null, reject: null }) as unknown as SinkResult;
  const bench = await openBench({ sink });
  await bench.write("a");
  assert.equal(bench.pipeline.lanes.get("sink")!.delivered, 1);
  assert.deepEqual(bench.events, []);
  await bench.close();
});

test("what a sink says of a record that it rejects stands in the event", async () => {
  const sink = recordingSink((_, call) =>
    call === 1 ? { reject: [{ index: 0, reason: "no such shop" }] } : undefined
  );
  const bench = await openBench({ sink });
  await bench.write("a");
  assert.match(bench.events[0]!.message, /dead letters: no such shop$/);
  await bench.close();
});
