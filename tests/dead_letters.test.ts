import assert from "node:assert/strict";
import { test } from "node:test";
import { DeadLettersFullError, memoryStore, openDeadLetters, openWal } from "../mod.ts";
import { fakeClock } from "../src/testing/mod.ts";
import {
  failureOf,
  failures,
  listed,
  type OpenLog,
  seqsOf,
  STORES,
  withLetters,
} from "./support/letter_logs.ts";

const START = "2026-01-01T00:00:00.000Z";
const DAY_MS = 86_400_000;

/** What must hold over every store. */
const CASES: Readonly<Record<string, (open: OpenLog) => Promise<void>>> = {
  "an entry tells what is known of the failure, also after another opening": async (open) => {
    const error = Object.assign(new TypeError("bad \n thing"), { status: 422 });
    const failure = failureOf(7, { error, metadata: { ticket: 12 } });
    const look = async (letters: Parameters<typeof listed>[0]): Promise<void> => {
      const [letter] = await listed(letters);
      const { stack, ...said } = letter!.error;
      assert.ok(stack!.split("\n").length <= 8);
      assert.deepEqual({ ...letter, error: said }, {
        ...failure,
        firstSeen: "2025-12-31T23:00:00.000Z",
        firstFailed: START,
        lastFailed: START,
        replays: 0,
        error: { name: "TypeError", message: "bad \n thing", status: 422 },
      });
      assert.deepEqual(await letters.get(failure.id), letter);
      assert.equal(await letters.get("0123456789abcdef/http/8"), undefined);
    };
    await withLetters(open, { clock: fakeClock() }, async (letters) => {
      await letters.add([failure]);
      await look(letters);
    });
    await withLetters(open, { clock: fakeClock() }, look);
  },

  "a repeated failure keeps the first times and adds its attempts": async (open) => {
    const clock = fakeClock();
    await withLetters(open, { clock }, async (letters) => {
      await letters.add([failureOf(1, { metadata: { a: 1, b: 1 } }), failureOf(2)]);
      await clock.advance(1000);
      await letters.add([
        failureOf(1, { attempts: 2, reason: "timeout", error: "late", metadata: { b: 2 } }),
      ]);
      const [letter, other] = await listed(letters);
      const { firstFailed, lastFailed, attempts, replays, reason, metadata } = letter!;
      assert.deepEqual(
        { firstFailed, lastFailed, attempts, replays, reason, metadata },
        {
          firstFailed: START,
          lastFailed: "2026-01-01T00:00:01.000Z",
          attempts: 7,
          replays: 0,
          reason: "timeout",
          metadata: { a: 1, b: 2 },
        },
      );
      assert.equal(letter!.error.message, "late");
      assert.equal(other!.seq, 2);
      const { held, added, updated } = letters.stats();
      assert.deepEqual({ held, added, updated }, { held: 2, added: 2, updated: 1 });
    });
  },

  "D3: beyond maxEntries the oldest goes, and beyond maxAgeMs all": async (open) => {
    const clock = fakeClock();
    const options = { clock, maxEntries: 3, maxAgeMs: DAY_MS };
    await withLetters(open, options, async (letters) => {
      for (let seq = 1; seq <= 4; seq++) {
        await letters.add([failureOf(seq)]);
        await clock.advance(1000);
      }
      assert.deepEqual(await seqsOf(letters), [2, 3, 4]);
      assert.deepEqual(letters.stats().evicted, { entries: 1, bytes: 0, age: 0 });
      // Each clean-up sets the timer for the next one when the disk is done.
      for (const stepMs of [DAY_MS - 2500, 1000]) {
        await clock.advance(stepMs);
        await letters.remove([]);
      }
      assert.deepEqual(await seqsOf(letters), [4]);
      assert.deepEqual(letters.stats().evicted, { entries: 1, bytes: 0, age: 2 });
    });
    await clock.advance(DAY_MS);
    await withLetters(open, options, async (letters) => {
      assert.deepEqual([await seqsOf(letters), letters.stats().evicted.age], [[], 1]);
    });
  },

  "beyond maxBytes the oldest go, but never the only one": async (open) => {
    await withLetters(open, { clock: fakeClock(), maxBytes: 4000 }, async (letters) => {
      await letters.add(failures(1, 40).map((one) => ({ ...one, error: "no" })));
      const { held, bytes, evicted } = letters.stats();
      assert.ok(bytes <= 4000 && bytes > 3000, `${bytes} bytes`);
      assert.deepEqual(evicted, { entries: 0, bytes: 40 - held, age: 0 });
      assert.equal((await seqsOf(letters)).at(-1), 40);
      await letters.add([failureOf(41, { record: `"${"x".repeat(9000)}"` })]);
      assert.deepEqual(await seqsOf(letters), [41]);
    });
  },

  "onFull park refuses what is new until there is room": async (open) => {
    const options = { clock: fakeClock(), maxEntries: 2, onFull: "park" } as const;
    await withLetters(open, options, async (letters) => {
      await letters.add(failures(1, 2));
      await assert.rejects(letters.add([failureOf(3)]), DeadLettersFullError);
      await letters.add([failureOf(1)]);
      assert.deepEqual(await seqsOf(letters), [1, 2]);
      await letters.remove([failureOf(1).id]);
      await letters.add([failureOf(3)]);
      assert.deepEqual(await seqsOf(letters), [2, 3]);
      assert.deepEqual(letters.stats().evicted, { entries: 0, bytes: 0, age: 0 });
      await letters.purge();
      // What never fits is taken when nothing else is held.
      await letters.add(failures(4, 7));
      assert.equal(letters.size, 4);
    });
  },

  "list() filters, and goes on behind the last one of a page": async (open) => {
    const clock = fakeClock();
    await withLetters(open, { clock }, async (letters) => {
      await letters.add(failures(1, 3));
      await clock.advance(1000);
      await letters.add([
        failureOf(4, { lane: "file", reason: "too_large", error: "413" }),
        ...failures(5, 6),
      ]);
      const midMs = Date.parse(START) + 1000;
      assert.deepEqual(await seqsOf(letters, { lane: "file" }), [4]);
      assert.deepEqual(await seqsOf(letters, { reason: "too_large" }), [4]);
      assert.deepEqual(await seqsOf(letters, { sinceMs: midMs }), [4, 5, 6]);
      assert.deepEqual(await seqsOf(letters, { untilMs: midMs }), [1, 2, 3]);
      assert.deepEqual(await seqsOf(letters, { text: '"m2"' }), [2]);
      assert.deepEqual(await seqsOf(letters, { text: "413" }), [4]);
      assert.deepEqual(await seqsOf(letters, { text: "absent" }), []);
      const [first, second] = await listed(letters, { limit: 2 });
      assert.equal(first!.seq, 1);
      await letters.remove([second!.id]);
      assert.deepEqual(await seqsOf(letters, { after: second!, limit: 2 }), [3, 4]);
      assert.deepEqual(await seqsOf(letters, { limit: 0 }), []);
    });
  },

  "remove() takes ids or a filter, purge() all; both stay so": async (open) => {
    await withLetters(open, { clock: fakeClock() }, async (letters) => {
      await letters.add(failures(1, 1200));
      assert.equal(await letters.remove([failureOf(1).id, failureOf(1).id, "unknown"]), 1);
      assert.equal(await letters.remove({ text: '"m2' }), 111);
      assert.equal(letters.size, 1088);
    });
    await withLetters(open, { clock: fakeClock() }, async (letters) => {
      assert.equal(letters.size, 1088);
      assert.equal(await letters.purge(), 1088);
      assert.equal(letters.stats().removed, 1088);
      await letters.add([failureOf(2)]);
    });
    await withLetters(open, { clock: fakeClock() }, async (letters) => {
      assert.deepEqual(await seqsOf(letters), [2]);
    });
  },

  "one old entry does not keep the log from being freed": async (open) => {
    const record = `"${"x".repeat(50_000)}"`;
    const log = await open();
    const letters = await openDeadLetters(log, { clock: fakeClock() });
    await letters.add([failureOf(1, { error: "the old one" })]);
    for (let seq = 2; seq <= 100; seq++) {
      await letters.add([failureOf(seq, { record })]);
      if (seq > 4) await letters.remove([failureOf(seq - 2).id]);
    }
    assert.deepEqual(await seqsOf(letters), [1, 2, 99, 100]);
    const { bytes } = log.stats();
    assert.ok(bytes < 2_000_000, `${bytes} bytes of 5,000,000 are still there`);
    await letters.close();
    await withLetters(open, { clock: fakeClock() }, async (again) => {
      const [oldest] = await listed(again);
      assert.equal(oldest!.error.message, "the old one");
      assert.deepEqual(await seqsOf(again), [1, 2, 99, 100]);
    });
  },
};

for (const [store, using] of Object.entries(STORES)) {
  for (const [name, run] of Object.entries(CASES)) {
    test(`${store}: ${name}`, () => using(run));
  }
}

test("entries of version 0.1 are read as what they mean now", async () => {
  const store = memoryStore();
  const log = await openWal(store);
  const record = failureOf(1).record;
  const old = { id: "a/b/1", lane: "b", seq: 1, error: "400", attempts: 1, record };
  log.stage(JSON.stringify({ time: START, ...old, reason: "rejected" }) + "\n");
  log.stage("no letter at all\n");
  await log.close();
  await withLetters(() => openWal(store), { clock: fakeClock() }, async (letters) => {
    assert.deepEqual(await listed(letters), [{
      ...old,
      reason: "non_retryable",
      error: { name: "Error", message: "400" },
      firstFailed: START,
      lastFailed: START,
      replays: 0,
    }]);
    assert.equal(letters.stats().unreadable, 1);
  });
});

test("openDeadLetters() refuses limits that are none", async () => {
  const log = await openWal(memoryStore());
  const wrong = [
    { maxEntries: 0 },
    { maxBytes: -1 },
    { maxAgeMs: NaN },
    { maxReplays: 1.5 },
    { onFull: "block" as "park" },
  ];
  for (const options of wrong) await assert.rejects(openDeadLetters(log, options), RangeError);
  await log.close();
});

test("changes at the same time are made one after another", async () => {
  const store = memoryStore();
  await withLetters(() => openWal(store), { clock: fakeClock() }, async (letters) => {
    const twenty = Array.from({ length: 20 }, () => letters.add([failureOf(1, { attempts: 1 })]));
    await Promise.all([...twenty, letters.add(failures(2, 3)), letters.remove({ text: '"m2"' })]);
    assert.deepEqual(await seqsOf(letters), [1, 3]);
    assert.equal((await letters.get(failureOf(1).id))!.attempts, 20);
  });
});

test("the timer of the clean-up ends with close()", async () => {
  const clock = fakeClock();
  const letters = await openDeadLetters(await openWal(memoryStore(), { clock }), { clock });
  await letters.add([failureOf(1)]);
  await clock.advance(0);
  assert.ok(clock.pending > 0);
  await letters.close();
  await clock.advance(0);
  assert.equal(clock.pending, 0);
});
