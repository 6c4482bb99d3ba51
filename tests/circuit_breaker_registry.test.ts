/** Breakers by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CircuitBreaker,
  createBreakerRegistry,
  type RegisteredBreakerOptions,
} from "../src/delivery/circuit_breaker.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

/** As callers give it whose settings may lack a value. */
const leftOpen: RegisteredBreakerOptions = { openMs: undefined } as object;

const states = (all: CircuitBreaker[]): string[] =>
  all.map(({ name, state }) => `${name} ${state}`);

test("get() makes a breaker once a name, with the defaults of the registry", () => {
  const breakers = createBreakerRegistry({ trip: { rule: "consecutive", failures: 1 } });
  const a = breakers.get("a");
  assert.equal(breakers.get("a"), a);
  assert.notEqual(breakers.get("b"), a);
  a.allow().failure();
  assert.deepEqual(states(breakers.list()), ["a open", "b closed"]);
});

test("get() takes the same settings again, defaults spelled out or not", () => {
  const isMine = (): "failure" => "failure";
  const breakers = createBreakerRegistry({ openMs: 500 });
  const options = { trip: { rule: "count", size: 50 }, classify: isMine } as const;
  const a = breakers.get("a", options);
  const same = { trip: { rule: "count", size: 50 }, classify: isMine } as const;
  assert.equal(breakers.get("a", { ...same, openMs: 500, maxProbes: 1, isEager: false }), a);
  assert.equal(breakers.get("a", {}), a);
  assert.equal(breakers.get("a", leftOpen), a);
  assert.equal(breakers.get("left open", leftOpen), breakers.get("left open", { openMs: 500 }));
  const ramped = breakers.get("ramped", { ramp: { perSecond: 5, shares: [0.5, 1] } });
  assert.equal(breakers.get("ramped", { ramp: { perSecond: 5, shares: [0.5, 1] } }), ramped);
});

test("get() refuses conflicting settings, and says which", () => {
  const breakers = createBreakerRegistry({ clock: fakeClock() });
  breakers.get("a", { trip: { rule: "count", size: 50 } });
  assert.throws(() => breakers.get("a", { openMs: 1000 }), {
    name: "TypeError",
    message: 'Breaker "a" exists with openMs 60000, asked for with 1000: give the same settings, ' +
      "or none",
  });
  const conflicts: readonly RegisteredBreakerOptions[] = [
    { trip: { rule: "count", size: 51 } },
    { trip: { rule: "count", size: 50, minResults: 3 } },
    { classify: () => "failure" },
    { ramp: { perSecond: 1 } },
    { clock: fakeClock() },
  ];
  for (const options of conflicts) assert.throws(() => breakers.get("a", options), TypeError);
});

test("get() makes nothing by wrong settings", () => {
  const breakers = createBreakerRegistry();
  assert.throws(() => breakers.get("a", { maxProbes: 0 }), RangeError);
  assert.deepEqual(breakers.list(), []);
});

test("force() and reset() reach one or all", () => {
  const breakers = createBreakerRegistry();
  breakers.get("a");
  breakers.get("b");
  const one = breakers.force("isolated", "a");
  assert.deepEqual(states(breakers.list()), ["a isolated", "b closed"]);
  const all = breakers.force("disabled");
  assert.deepEqual(states(breakers.list()), ["a isolated", "b disabled"]);
  one.release();
  assert.deepEqual(states(breakers.list()), ["a disabled", "b disabled"]);
  all[Symbol.dispose]();
  assert.deepEqual(states(breakers.list()), ["a closed", "b closed"]);
  breakers.force("isolated");
  breakers.reset("b");
  assert.deepEqual(states(breakers.list()), ["a isolated", "b closed"]);
  breakers.reset();
  assert.deepEqual(states(breakers.list()), ["a closed", "b closed"]);
  const wanted = { name: "RangeError", message: 'There is no breaker "c": get it once to make it' };
  assert.throws(() => breakers.force("isolated", "c"), wanted);
  assert.throws(() => breakers.reset("c"), wanted);
});

test("remove() forgets a breaker and its timer", () => {
  const clock = fakeClock();
  const breakers = createBreakerRegistry({
    clock,
    isEager: true,
    trip: { rule: "consecutive", failures: 1 },
  });
  const a = breakers.get("a");
  a.allow().failure();
  assert.equal(clock.pending, 1);
  assert.equal(breakers.remove("a"), true);
  assert.equal(breakers.remove("a"), false);
  assert.equal(clock.pending, 0);
  assert.notEqual(breakers.get("a", { openMs: 5 }), a);
});

test("stats() tells of all", () => {
  const breakers = createBreakerRegistry();
  breakers.get("a").allow().success();
  breakers.get("b");
  assert.deepEqual(breakers.stats().map(({ name, calls }) => [name, calls.success]), [
    ["a", 1],
    ["b", 0],
  ]);
});

test("restore() goes on where another process stood, with the breakers it asks for later", () => {
  const clock = fakeClock();
  const options = { clock, trip: { rule: "consecutive", failures: 1 } } as const;
  const before = createBreakerRegistry(options);
  before.get("open").allow().failure();
  before.get("closed");
  before.get("isolated");
  before.force("isolated", "isolated");
  const snapshots = JSON.parse(JSON.stringify(before.snapshot()));

  const after = createBreakerRegistry(options);
  after.get("isolated");
  const holds = after.restore(snapshots);
  assert.deepEqual(after.snapshot().map(({ name }) => name), ["isolated", "open", "closed"]);
  after.get("open");
  after.get("closed");
  assert.deepEqual(states(after.list()), ["isolated isolated", "open open", "closed closed"]);
  assert.equal(holds.length, 1);
  holds[0]?.release();
  assert.equal(after.get("isolated").state, "closed");

  after.remove("open");
  assert.equal(after.get("open").state, "closed", "A snapshot is used once");
});
