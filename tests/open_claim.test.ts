/** What a lane has claimed, and what became of each record. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineBatch } from "../src/delivery/batch.ts";
import { OpenClaim, type Outcome } from "../src/delivery/open_claim.ts";

const FIRST = 5;

function claimOf(count: number): OpenClaim {
  const bytes = new TextEncoder().encode("x\n".repeat(count));
  const batch = new LineBatch([{ firstSeq: FIRST, count }], bytes);
  return new OpenClaim(FIRST, FIRST + count, batch);
}

function passed(claim: OpenClaim): Record<string, number> {
  const told: Record<string, number> = {};
  claim.pass((outcome, count) => told[outcome] = (told[outcome] ?? 0) + count);
  return told;
}

test("the first word on a record counts, on a part of a claim and on the whole", () => {
  const whole = claimOf(3);
  assert.equal(whole.settle(5, 8, "delivered"), 3);
  assert.equal(whole.settle(5, 8, "deadLettered"), 0);
  assert.equal(whole.settle(6, 7, "deadLettered"), 0);
  assert.deepEqual(passed(whole), { delivered: 3 });
  const part = claimOf(3);
  assert.equal(part.settle(6, 7, "deadLettered"), 1);
  assert.equal(part.settle(5, 8, "delivered"), 2);
  assert.deepEqual(passed(part), { deadLettered: 1, delivered: 2 });
});

test("a claim passes what is settled without a hole, in whatever order that happens", () => {
  const outcome = fc.constantFrom<Outcome>("delivered", "fallback", "deadLettered", "filtered");
  const settle = fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 8 }), outcome);
  fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), fc.array(settle), (count, words) => {
    const claim = claimOf(count);
    const model: (Outcome | undefined)[] = Array(count).fill(undefined);
    const told: Record<string, number> = {};
    for (const [from, length, said] of words) {
      const end = Math.min(count, from + length);
      if (from >= end) continue;
      const fresh = model.slice(from, end).filter((one) => one === undefined).length;
      assert.equal(claim.settle(FIRST + from, FIRST + end, said), fresh);
      for (let i = from; i < end; i++) model[i] ??= said;
      // A claim that is passed as a whole is let go of.
      const isOver = claim.passedTo === claim.endSeq;
      for (const [what, n] of Object.entries(isOver ? {} : passed(claim))) {
        told[what] = (told[what] ?? 0) + n;
      }
      const hole = model.indexOf(undefined);
      const upTo = hole < 0 ? count : hole;
      assert.equal(claim.passedTo, FIRST + upTo);
      const wanted: Record<string, number> = {};
      for (const one of model.slice(0, upTo)) wanted[one!] = (wanted[one!] ?? 0) + 1;
      assert.deepEqual(told, wanted);
      assert.equal(claim.unsettled?.rest.count ?? 0, model.filter((one) => !one).length);
    }
  }));
});
