import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareAge, LetterIndex, type LetterPlace } from "../src/delivery/dead_letter_index.ts";
import { evictionsFor } from "../src/delivery/dead_letter_limits.ts";

const change = fc.record({
  id: fc.integer({ min: 0, max: 9 }),
  firstFailedMs: fc.integer({ min: 0, max: 3 }),
  bytes: fc.integer({ min: 1, max: 50 }),
  isRemoval: fc.boolean(),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Makes the changes to an index and to a plain list, which is sorted each time. */
function both(changes: readonly Change[]): { index: LetterIndex; plain: LetterPlace[] } {
  const index = new LetterIndex();
  let plain: LetterPlace[] = [];
  changes.forEach(({ id, firstFailedMs, bytes, isRemoval }, position) => {
    const place = { id: `id ${id}`, seq: id % 3, firstFailedMs, bytes, position };
    const isHeld = plain.some((one) => one.id === place.id);
    plain = plain.filter((one) => one.id !== place.id);
    if (isRemoval) assert.equal(index.remove(place.id), isHeld);
    else {
      index.put(place);
      plain.push(place);
    }
  });
  return { index, plain: plain.sort(compareAge) };
}

const bytesIn = (places: readonly { bytes: number }[]): number =>
  places.reduce((sum, { bytes }) => sum + bytes, 0);

test("LetterIndex holds what a sorted list holds, whatever comes in whatever order", () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
    const { index, plain } = both(changes);
    assert.deepEqual([...index.oldestFirst()], plain);
    assert.deepEqual([index.size, index.bytes], [plain.length, bytesIn(plain)]);
    const positions = plain.map(({ position }) => position).sort((a, b) => a - b);
    assert.equal(index.lowestPosition, positions[0]);
    const below = index.below(20).map(({ position }) => position);
    assert.deepEqual(below, positions.filter((position) => position < 20));
  }));
});

test("evictionsFor() gives up the oldest, and no more than the limits ask for", () => {
  const limits = fc.record({
    maxEntries: fc.integer({ min: 1, max: 8 }),
    maxBytes: fc.integer({ min: 1, max: 200 }),
    maxAgeMs: fc.integer({ min: 1, max: 6 }),
    onFull: fc.constant("evict" as const),
  });
  const drafts = fc.array(change, { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), drafts, limits, (held, put, within) => {
      const { index, plain } = both(held);
      const fresh = new Map(put.map(({ id, bytes }) => {
        const before = index.get(`id ${id}`);
        const firstFailedMs = before?.firstFailedMs ?? 4;
        return [`id ${id}`, { id: `id ${id}`, seq: id % 3, firstFailedMs, bytes }];
      }));
      const gone = evictionsFor(index, [...fresh.values()], within, 6).map(({ id }) => id);
      const all = [...plain.filter(({ id }) => !fresh.has(id)), ...fresh.values()].sort(compareAge);
      assert.deepEqual(gone, all.slice(0, gone.length).map(({ id }) => id));
      const fits = (count: number): boolean => {
        const left = all.slice(count);
        const isYoung = left.every(({ firstFailedMs }) => 6 - firstFailedMs <= within.maxAgeMs);
        const isSmall = left.length <= 1 ||
          (left.length <= within.maxEntries && bytesIn(left) <= within.maxBytes);
        return isYoung && isSmall;
      };
      assert.ok(fits(gone.length));
      assert.ok(gone.length === 0 || !fits(gone.length - 1));
    }),
  );
});
