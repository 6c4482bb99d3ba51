import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type DeadLetter,
  type DeadLetterOptions,
  type DeadLetters,
  openDeadLetters,
  openWal,
  RejectedError,
  type Resend,
  type SyncPolicy,
} from "../mod.ts";
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
import { testDisk } from "./support/test_disk.ts";

const NONE_SKIPPED = { maxReplays: 0, noSink: 0, parked: 0, gone: 0 };

/** A place to send to that keeps what it takes, and fails as `fails` says. */
function place(fails: (letter: DeadLetter) => unknown = () => undefined) {
  const sent: number[] = [];
  const resend: Resend = (letter) => {
    const error = fails(letter);
    if (error === "skip") return Promise.resolve("skip");
    if (error !== undefined) return Promise.reject(error);
    sent.push(letter.seq);
    return Promise.resolve();
  };
  return { sent, resend };
}

async function inMemory(
  options: DeadLetterOptions,
  use: (letters: DeadLetters) => Promise<void>,
): Promise<void> {
  await STORES["memoryStore()"]!((open) =>
    withLetters(open, { clock: fakeClock(), ...options }, use)
  );
}

const CASES: Readonly<Record<string, (open: OpenLog) => Promise<void>>> = {
  "replay() sends the oldest first and removes what was taken": async (open) => {
    const { sent, resend } = place(({ seq }) => seq === 3 ? new Error("again") : undefined);
    const clock = fakeClock();
    await withLetters(open, { clock }, async (letters) => {
      await letters.add(failures(1, 5));
      await clock.advance(1000);
      const report = await letters.replay({ resend });
      assert.deepEqual(report, { replayed: 4, failed: 1, skipped: NONE_SKIPPED, aborted: false });
      assert.deepEqual(sent, [1, 2, 4, 5]);
    });
    await withLetters(open, { clock }, async (letters) => {
      const [left, ...others] = await listed(letters);
      assert.deepEqual(others, []);
      const { seq, attempts, replays, reason, error, firstFailed, lastFailed } = left!;
      assert.deepEqual(
        { seq, attempts, replays, reason, says: error.message, firstFailed, lastFailed },
        {
          seq: 3,
          attempts: 6,
          replays: 1,
          reason: "max_attempts",
          says: "again",
          firstFailed: "2026-01-01T00:00:00.000Z",
          lastFailed: "2026-01-01T00:00:01.000Z",
        },
      );
    });
  },

  "what export gives, import takes, and twice changes nothing": async (open) => {
    const clock = fakeClock();
    let lines: string[] = [];
    let bytes: Uint8Array[] = [];
    await withLetters(open, { clock }, async (letters) => {
      await letters.add([
        failureOf(1, { metadata: { a: [1] } }),
        failureOf(2, { error: "zürich" }),
      ]);
      lines = await Array.fromAsync(letters.exportLines());
      bytes = await Array.fromAsync(letters.readable({ text: "zürich" }));
      const before = await listed(letters);
      await letters.purge();
      assert.deepEqual(await letters.importFrom(lines), { added: 2, updated: 0 });
      assert.deepEqual(await letters.importFrom(lines.map((line) => line.trimEnd())), {
        added: 0,
        updated: 2,
      });
      assert.deepEqual(await listed(letters), before);
      await letters.purge();
      // Cut in the middle of a character.
      const whole = bytes[0]!;
      const at = whole.indexOf(0xc3) + 1;
      const parts = ReadableStream.from([whole.subarray(0, at), whole.subarray(at, -1)]);
      assert.deepEqual(await letters.importFrom(parts), { added: 1, updated: 0 });
      assert.deepEqual(await listed(letters), before.slice(1));
    });
  },
};

for (const [store, using] of Object.entries(STORES)) {
  for (const [name, run] of Object.entries(CASES)) test(`${store}: ${name}`, () => using(run));
}

test("replay() passes over what failed maxReplays times, unless forced", () =>
  inMemory({ maxReplays: 2 }, async (letters) => {
    await letters.add(failures(1, 2));
    const failing = place(() => new RejectedError("400"));
    for (const failed of [2, 2, 0]) {
      const report = await letters.replay({ resend: failing.resend });
      assert.equal(report.failed, failed);
      assert.equal(report.skipped.maxReplays, 2 - failed);
    }
    assert.equal((await listed(letters))[0]!.reason, "non_retryable");
    const working = place();
    const report = await letters.replay({ resend: working.resend, force: true });
    assert.deepEqual([report.replayed, working.sent], [2, [1, 2]]);
  }));

test("replay() sends only what fits, at most limit, and nothing in a dry run", () =>
  inMemory({}, async (letters) => {
    await letters.add([...failures(1, 5), failureOf(6, { lane: "file" })]);
    const { sent, resend } = place();
    const dry = await letters.replay({ resend, filter: { lane: "http" }, limit: 3, dryRun: true });
    assert.deepEqual([dry.replayed, sent, letters.size], [3, [], 6]);
    await letters.replay({ resend, filter: { lane: "file" } });
    await letters.replay({ resend, limit: 2 });
    assert.deepEqual([sent, await seqsOf(letters)], [[6, 1, 2], [3, 4, 5]]);
    await assert.rejects(letters.replay({ resend, limit: -1 }), RangeError);
    await assert.rejects(letters.replay({ resend, ratePerSecond: 0 }), RangeError);
    await assert.rejects(letters.replay(), /nowhere to send to/);
  }));

test("replay() skips entries that have no sink, and leaves them as they are", () =>
  inMemory({}, async (letters) => {
    await letters.add(failures(1, 2));
    const before = await listed(letters);
    const { resend } = place(({ seq }) => seq === 1 ? "skip" : undefined);
    const report = await letters.replay({ resend });
    assert.deepEqual([report.replayed, report.skipped.noSink], [1, 1]);
    assert.deepEqual(await listed(letters), before.slice(0, 1));
  }));

test("replay() keeps to its rate", async () => {
  const clock = fakeClock();
  await inMemory({ clock }, async (letters) => {
    await letters.add(failures(1, 5));
    const { sent, resend } = place();
    const done = letters.replay({ resend, ratePerSecond: 2 });
    const counts: number[] = [];
    for (let i = 0; i < 5; i++) {
      await clock.advance(i === 0 ? 0 : 500);
      counts.push(sent.length);
    }
    assert.deepEqual(counts, [1, 2, 3, 4, 5]);
    assert.equal((await done).replayed, 5);
  });
});

test("a second replay is refused while one is under way, and taken afterwards", () =>
  inMemory({}, async (letters) => {
    await letters.add(failures(1, 2));
    const gate = Promise.withResolvers<void>();
    const first = letters.replay({ resend: () => gate.promise });
    await assert.rejects(letters.replay({ resend: place().resend }), /under way/);
    gate.resolve();
    assert.equal((await first).replayed, 2);
    assert.equal((await letters.replay({ resend: place().resend })).replayed, 0);
  }));

test("an abort ends a replay at once: nothing unsent is removed, nothing counts as failed", () =>
  inMemory({}, async (letters) => {
    await letters.add(failures(1, 3));
    const before = await listed(letters);
    const abort = new AbortController();
    const resend: Resend = ({ seq }) => {
      if (seq === 1) return Promise.resolve();
      abort.abort(new Error("enough"));
      // A sink that does not notice.
      return new Promise(() => {});
    };
    const report = await letters.replay({ resend, signal: abort.signal });
    assert.deepEqual(report, { replayed: 1, failed: 0, skipped: NONE_SKIPPED, aborted: true });
    assert.deepEqual(await listed(letters), before.slice(1));
    const never = await letters.replay({ ...place(), signal: AbortSignal.abort() });
    assert.deepEqual([never.replayed, never.aborted], [0, true]);
  }));

test("entries added, removed and updated during a replay are as they should be after it", () =>
  inMemory({ maxEntries: 4 }, async (letters) => {
    await letters.add(failures(1, 4));
    const sent: number[] = [];
    const report = await letters.replay({
      resend: async ({ seq }) => {
        sent.push(seq);
        if (seq !== 1) return;
        // Record 3 is removed, 2 fails once more in its lane, 5 and 6 are new and evict the oldest.
        await letters.remove([failureOf(3).id]);
        await letters.add([failureOf(2), failureOf(5), failureOf(6)]);
      },
    });
    assert.deepEqual(sent, [1, 2, 4]);
    assert.deepEqual([report.replayed, report.skipped.gone], [3, 0]);
    assert.deepEqual(await seqsOf(letters), [5, 6]);
    assert.equal(letters.stats().evicted.entries, 1);
  }));

test("what was evicted while it was sent does not come back when it fails", () =>
  inMemory({ maxEntries: 1 }, async (letters) => {
    await letters.add([failureOf(1)]);
    const report = await letters.replay({
      resend: async () => {
        await letters.add([failureOf(2)]);
        throw new Error("no");
      },
    });
    assert.deepEqual([report.failed, await seqsOf(letters)], [1, [2]]);
  }));

test("another record that came in under the id while it was sent stays", () =>
  inMemory({}, async (letters) => {
    await letters.add([failureOf(1)]);
    const [line] = await Array.fromAsync(letters.exportLines());
    const other = { ...JSON.parse(line!), lastFailed: "2027-01-01T00:00:00.000Z", record: "{}" };
    await letters.replay({
      resend: async () => void await letters.importFrom([JSON.stringify(other)]),
    });
    assert.deepEqual((await listed(letters)).map(({ record }) => record), ["{}"]);
  }));

test("attempts that the sink counts add up, and a time-out is told", () =>
  inMemory({}, async (letters) => {
    await letters.add([failureOf(1)]);
    await letters.replay({
      resend: (_, { attempted }) => {
        for (let i = 0; i < 3; i++) attempted();
        throw Object.assign(new Error("slow"), { name: "TimeoutError" });
      },
    });
    const [{ attempts, reason } = { attempts: 0 }] = await listed(letters);
    assert.deepEqual([attempts, reason], [8, "timeout"]);
  }));

test("importFrom() names the line that is no entry and keeps those before it", () =>
  inMemory({}, async (letters) => {
    await letters.add(failures(1, 2));
    const lines = await Array.fromAsync(letters.exportLines());
    await letters.purge();
    const wrong: readonly (readonly [string, RegExp])[] = [
      ["{", /^Line 3 is no dead letter: /],
      ["[]", /^Line 3 is no dead letter: it is no JSON object; those before it were imported/],
      [lines[0]!.replace('"seq":1', '"seq":"1"'), /its "seq" is not a whole number/],
      [lines[0]!.replace("max_attempts", "bored"), /its "reason" is not one of max_attempts, /],
      [
        lines[0]!.replace('"firstFailed":"2026', '"firstFailed":"soon'),
        /"firstFailed" is not a time/,
      ],
    ];
    for (const [line, message] of wrong) {
      await letters.purge();
      await assert.rejects(letters.importFrom([lines[1]!, "\n", line]), { message });
      assert.deepEqual(await seqsOf(letters), [2]);
    }
  }));

test("imported entries stand where their first failure puts them", async () => {
  const clock = fakeClock();
  await inMemory({ clock, maxAgeMs: Infinity }, async (letters) => {
    await letters.add(failures(1, 2));
    const lines = await Array.fromAsync(letters.exportLines());
    await letters.purge();
    await clock.advance(1000);
    await letters.add([failureOf(9)]);
    await letters.importFrom(lines);
    assert.deepEqual(await seqsOf(letters), [1, 2, 9]);
  });
});

for (const sync of ["always", "never"] as SyncPolicy[]) {
  test(`with sync ${sync}: after a kill at any sync an entry is held, or was delivered`, async () => {
    const disk = testDisk();
    const options = { segmentBytes: 4096, retain: 0, sync };
    const letters = await openDeadLetters(await openWal(disk.store(), options));
    await letters.add(failures(1, 30));
    const delivered = new Set<number>();
    const checks: Promise<void>[] = [];
    disk.onSync = () => {
      const took = new Set(delivered);
      checks.push((async () => {
        const after = await openDeadLetters(await openWal(disk.copy().store(), options));
        const held = new Set(await seqsOf(after));
        for (let seq = 1; seq <= 30; seq++) assert.ok(held.has(seq) || took.has(seq), `${seq}`);
        await after.close();
      })());
    };
    await letters.replay({
      resend: ({ seq }) => {
        if (seq % 3 === 0) return Promise.reject(new Error("no"));
        delivered.add(seq);
        return Promise.resolve();
      },
    });
    assert.equal(letters.size, 10);
    await letters.close();
    await Promise.all(checks);
    assert.ok(sync === "never" || checks.length > 20);
  });
}

test("close() ends a replay under way", async () => {
  const letters = await openDeadLetters(await openWal(testDisk().store()));
  await letters.add(failures(1, 2));
  const started = Promise.withResolvers<void>();
  const replay = letters.replay({
    resend: () => {
      started.resolve();
      return new Promise(() => {});
    },
  });
  await started.promise;
  await letters.close();
  const { replayed, failed, aborted } = await replay;
  assert.deepEqual({ replayed, failed, aborted }, { replayed: 0, failed: 0, aborted: true });
});
