/** How long lanes that catch up keep the event loop from everybody else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, systemClock } from "../mod.ts";
import { openAccounted } from "./support/accounted.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { messages } from "./support/lanes.ts";

const LANES = 8;
/** A call of a sink takes longer than a lane may work without a pause. */
const CALL_MS = 5;

test("lanes that catch up take turns: however many they are, one works at a time", async () => {
  let workedMs = 0;
  const clock: Clock = { ...systemClock, monotonic: () => workedMs };
  const lane = {
    sink: () => void (workedMs += CALL_MS),
    batch: { maxRecords: 10 },
    from: "start",
  } as const;
  const store = durableMemory();
  const first = await openAccounted({ sinks: {}, wal: { store }, onEvent: () => {} });
  for (const msg of messages(200)) first.write(msg);
  await first.close();
  const pipeline = await openAccounted({
    sinks: Object.fromEntries(Array.from({ length: LANES }, (_, i) => [`lane ${i}`, lane])),
    wal: { store },
    clock,
    onEvent: () => {},
  });
  const turns: number[] = [];
  while (pipeline.lanes.list().some(({ pending }) => pending > 0)) {
    const before = workedMs;
    await new Promise<void>((resolve) => void setImmediate(resolve));
    turns.push(workedMs - before);
  }
  await pipeline.close();
  assert.equal(workedMs, LANES * 20 * CALL_MS);
  // The lanes begin together; from then on they take turns.
  const longest = Math.max(...turns.slice(LANES));
  assert.ok(longest <= 2 * CALL_MS, `a turn of ${longest} ms: ${turns.join(" ")}`);
});
