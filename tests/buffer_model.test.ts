/** Ring and buffer against the plainest list that does the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createBuffer, createRing, LEVELS } from "../mod.ts";
import { POLICIES } from "../src/buffer/buffer_options.ts";
import type { Overflow } from "../src/buffer/overflow.ts";

type RingStep =
  | { readonly push: number }
  | { readonly many: number[] }
  | {
    readonly pop: number;
  }
  | "shift"
  | "shrink";

test("createRing() behaves like an array of bounded length", () => {
  const step = fc.oneof(
    fc.record({ push: fc.nat() }),
    fc.record({ many: fc.array(fc.nat(), { maxLength: 6 }) }),
    fc.record({ pop: fc.nat(6) }),
    fc.constantFrom("shift" as const, "shrink" as const),
  );
  const bounds = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(20));
  fc.assert(fc.property(bounds, fc.array(step), ([min, more], steps: RingStep[]) => {
    const max = min + more;
    const ring = createRing<number>(more === 0 ? min : { min, max });
    const model: number[] = [];
    for (const step of steps) {
      if (step === "shift") assert.equal(ring.shift(), model.shift());
      else if (step === "shrink") ring.shrink();
      else if ("pop" in step) assert.deepEqual(ring.popMany(step.pop), model.splice(0, step.pop));
      else {
        const items = "many" in step ? step.many : [step.push];
        const fits = model.length + items.length <= max;
        if (fits) model.push(...items);
        assert.equal("many" in step ? ring.pushMany(items) : ring.push(step.push), fits);
      }
      assert.equal(ring.size, model.length);
      assert.equal(ring.peek(), model[0]);
      assert.ok(ring.capacity >= Math.max(min, model.length) && ring.capacity <= max);
    }
  }));
});

interface Item {
  readonly id: number;
  readonly rank: number;
  readonly size: number;
  readonly bytes: number;
}

interface Bounds {
  readonly overflow: Overflow;
  readonly mark: number;
  readonly reserve: number;
  readonly maxBytes: number;
  readonly sized: boolean;
  readonly every: number;
  readonly grows: boolean;
}

const total = (items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);
const isUrgent = (item: Item): boolean => item.rank >= 4;
const isOrdinary = (item: Item): boolean => item.rank < 4;

/** What the buffer should do, without any thought of speed. */
class Model {
  readonly bounds: Bounds;
  items: Item[] = [];
  line: { readonly item: Item; readonly end: (taken: boolean) => void }[] = [];
  dropped: Item[] = [];
  accepted = 0;
  refused = 0;
  evicted = 0;
  #offers = 0;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
  }

  sizeOf = (item: Item): number => this.bounds.sized ? item.size : 1;

  /** Whether a part of the whole (all of it, or what ordinary items may use) has room. */
  #fits(
    news: readonly Item[],
    held: readonly Item[],
    share: number,
    mayReachOver: boolean,
  ): boolean {
    const { mark, reserve, maxBytes } = this.bounds;
    const size = total(held, this.sizeOf);
    const bytes = total(held, (item) => item.bytes);
    const maxSize = share === 1 ? mark : mark - reserve;
    if (mayReachOver) return size < maxSize && bytes < maxBytes * share;
    return size + total(news, this.sizeOf) <= maxSize &&
      bytes + total(news, (item) => item.bytes) <= maxBytes * share;
  }

  fits(news: readonly Item[], held: readonly Item[] = this.items): boolean {
    const { mark, reserve } = this.bounds;
    const ordinary = news.filter(isOrdinary);
    const isOne = news.length === 1;
    return this.#fits(news, held, 1, isOne) &&
      (reserve === 0 || ordinary.length === 0 ||
        this.#fits(ordinary, held.filter(isOrdinary), 1 - reserve / mark, isOne));
  }

  offer(news: readonly Item[]): boolean {
    if (news.length === 0) return true;
    const { overflow, every, reserve } = this.bounds;
    if (this.fits(news)) return this.#take(news);
    const evicts = overflow === "drop-oldest" ||
      (overflow === "sample" && this.#offers++ % every === Math.floor(every / 2));
    const untouchable = reserve > 0 && !news.some(isUrgent) ? this.items.filter(isUrgent) : [];
    if (!evicts || !this.fits(news, untouchable)) {
      this.refused += news.length;
      if (overflow !== "block") this.dropped.push(...news);
      return false;
    }
    while (!this.fits(news)) {
      const at = reserve > 0 ? this.items.findIndex(isOrdinary) : 0;
      this.dropped.push(...this.items.splice(Math.max(0, at), 1));
      this.evicted++;
    }
    return this.#take(news);
  }

  #take(news: readonly Item[]): true {
    this.items.push(...news);
    this.accepted += news.length;
    return true;
  }

  pop(max: number): Item[] {
    const taken = this.items.splice(0, max);
    const urgentFirst = this.bounds.reserve > 0 ? [isUrgent, isOrdinary] : [() => true];
    for (const belongs of urgentFirst) {
      for (const waiter of this.line.filter(({ item }) => belongs(item))) {
        if (!this.fits([waiter.item])) break;
        this.#take([waiter.item]);
        this.line = this.line.filter((other) => other !== waiter);
        waiter.end(true);
      }
    }
    return taken;
  }
}

const NONE: Item = { id: -1, rank: 0, size: 0, bytes: 0 };

const item = fc.record({
  rank: fc.constantFrom(0, 2, 2, 2, 4, 5),
  size: fc.constantFrom(0, 1, 1, 2, 5),
  bytes: fc.constantFrom(0, 10, 10, 30),
});
const bufferStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ push: item }) },
  { weight: 2, arbitrary: fc.record({ many: fc.array(item, { maxLength: 7 }) }) },
  { weight: 2, arbitrary: fc.record({ append: item }) },
  { weight: 1, arbitrary: fc.record({ abort: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ pop: fc.nat(4) }) },
);
const boundsOf = fc.record({
  overflow: fc.constantFrom(...POLICIES),
  mark: fc.integer({ min: 2, max: 8 }),
  reserve: fc.constantFrom(0, 0, 1, 3),
  maxBytes: fc.constantFrom(Infinity, 40, 100),
  sized: fc.boolean(),
  every: fc.integer({ min: 1, max: 4 }),
  grows: fc.boolean(),
}).map((bounds) => ({ ...bounds, reserve: Math.min(bounds.reserve, bounds.mark - 1) }));

function bufferOf(bounds: Bounds, dropped: Item[]) {
  const { mark, sized, grows, every, overflow, reserve, maxBytes } = bounds;
  const size = (item: Item): number => item.size;
  return createBuffer<Item>({
    ...(sized
      ? { strategy: { highWaterMark: mark, size } }
      : grows
      ? { capacity: { min: 1, max: mark } }
      : { strategy: { highWaterMark: mark } }),
    overflow,
    reserve,
    maxBytes,
    bytesOf: (item) => item.bytes,
    levelOf: (item) => LEVELS[item.rank]!,
    sampleEvery: every,
    random: () => 0.5,
    onDrop: (item) => dropped.push(item),
    onWarn: () => {},
  });
}

function countsOf(dropped: readonly Item[], overflow: Overflow): unknown {
  if (dropped.length === 0) return {};
  const levels: Record<string, number> = {};
  for (const { rank } of dropped) levels[LEVELS[rank]!] = (levels[LEVELS[rank]!] ?? 0) + 1;
  return { [overflow]: levels };
}

test("createBuffer() behaves like a naive list, with every policy and every bound", async () => {
  await fc.assert(
    fc.asyncProperty(
      boundsOf,
      fc.array(bufferStep, { maxLength: 60 }),
      async (bounds, steps) => {
        const dropped: Item[] = [];
        const buffer = bufferOf(bounds, dropped);
        const model = new Model(bounds);
        const told: string[] = [];
        const expected: string[] = [];
        const aborts: { readonly id: number; readonly abort: AbortController }[] = [];
        let id = 0;
        for (const step of steps) {
          if ("push" in step) {
            const item = { ...step.push, id: id++ };
            assert.equal(buffer.push(item), model.offer([item]));
          } else if ("many" in step) {
            const items = step.many.map((one) => ({ ...one, id: id++ }));
            assert.equal(buffer.pushMany(items), model.offer(items));
          } else if ("append" in step) {
            const item = { ...step.append, id: id++ };
            const abort = new AbortController();
            aborts.push({ id: item.id, abort });
            buffer.append(item, { signal: abort.signal }).then(
              (taken) => told.push(`${item.id} ${taken}`),
              () => told.push(`${item.id} aborted`),
            );
            if (bounds.overflow === "block" && !model.fits([item])) {
              model.line.push({ item, end: () => expected.push(`${item.id} true`) });
            } else expected.push(`${item.id} ${model.offer([item])}`);
          } else if ("abort" in step) {
            const victim = aborts[step.abort % Math.max(1, aborts.length)];
            victim?.abort.abort();
            if (model.line.some(({ item }) => item.id === victim?.id)) {
              model.line = model.line.filter(({ item }) => item.id !== victim?.id);
              expected.push(`${victim?.id} aborted`);
            }
          } else assert.deepEqual(buffer.popMany(step.pop), model.pop(step.pop));
          assert.equal(buffer.size, model.items.length);
          assert.equal(buffer.desiredSize > 0, model.fits([{ ...NONE, rank: 2 }]));
          assert.equal(buffer.waiting, model.line.length);
        }
        await Promise.resolve();
        await Promise.resolve();
        await Promise.resolve();
        assert.deepEqual(told.toSorted(), expected.toSorted());
        const { accepted, refused, evicted } = buffer;
        assert.deepEqual(
          { accepted, refused, evicted },
          { accepted: model.accepted, refused: model.refused, evicted: model.evicted },
        );
        assert.deepEqual(dropped, model.dropped);
        assert.deepEqual(buffer.dropped, countsOf(model.dropped, bounds.overflow));
        const rest: Item[] = [];
        for (let n = 0; n < 200; n++) rest.push(...buffer.popMany());
        assert.deepEqual(rest, Array(200).fill(0).flatMap(() => model.pop(Infinity)));
      },
    ),
    { numRuns: 500 },
  );
});
