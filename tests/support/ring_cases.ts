/** The interpreter of `cases/ring.json`: a ring, or the buffer that stands on one. */
import assert from "node:assert/strict";
import {
  type Buffer,
  type BufferOptions,
  createBuffer,
  createRing,
  type RingBounds,
} from "../../mod.ts";
import { type FakeClock, fakeClock } from "../../src/testing/fake_clock.ts";
import type { NamedCase } from "./case_files.ts";

/** How a buffer is made; its items are numbers, and each has so many bytes as it says. */
export interface BufferSetting
  extends Pick<BufferOptions<number>, "overflow" | "sampleEvery" | "maxWaiters" | "maxBytes"> {
  readonly capacity: number;
}

/** What a case may do. */
export type RingStep =
  /** Offers an item, or several as one; it is taken unless the step says otherwise. */
  | { readonly push: number | readonly number[]; readonly taken?: boolean }
  /** Takes the oldest item; `null` where there is none. */
  | { readonly pop: number | null }
  /** Takes up to `max` items. */
  | { readonly popMany: readonly number[]; readonly max?: number }
  /** Waits for room, for so long. */
  | { readonly append: number; readonly timeoutMs?: number }
  | { readonly abort: number }
  | { readonly advance: number }
  | { readonly close: true }
  | {
    readonly expect: {
      readonly size?: number;
      /** Some other figures of a buffer. */
      readonly buffer?: Partial<Pick<Buffer<number>, Figure>>;
      /** Items that were dropped, in order. */
      readonly dropped?: readonly number[];
      /** What became of the items that waited: `taken`, `not taken`, or the name of an error. */
      readonly waits?: Readonly<Record<string, string>>;
      /** What was told of a time of drops: `warn` at its beginning, `recover` at its end, with the count. */
      readonly told?: readonly string[];
    };
  };

type Figure = "accepted" | "refused" | "evicted" | "waiting" | "desiredSize" | "dropped";

/** A case of a ring, of a buffer, or of both, which then do the same. */
export interface RingCase extends NamedCase {
  readonly ring?: number | RingBounds;
  readonly buffer?: BufferSetting;
  /** What `random` answers, over and over. */
  readonly random?: readonly number[];
  /** The error that making it throws. */
  readonly throws?: string;
  readonly steps?: readonly RingStep[];
}

type Queue = Pick<Buffer<number>, "push" | "pushMany" | "shift" | "popMany" | "size">;

/** A case that is under way. */
export class RingPlay {
  readonly #clock: FakeClock = fakeClock();
  readonly #queue: Queue;
  readonly #buffer: Buffer<number> | undefined;
  readonly #dropped: number[] = [];
  readonly #told: string[] = [];
  readonly #waits: Record<string, string> = {};
  readonly #aborts = new Map<number, AbortController>();

  /** `kind` says which of the two is played. */
  constructor(given: RingCase, kind: "ring" | "buffer") {
    if (kind === "buffer") this.#buffer = this.#bufferOf(given);
    this.#queue = this.#buffer ?? createRing<number>(given.ring!);
  }

  #bufferOf({ buffer, random = [0] }: RingCase): Buffer<number> {
    const { capacity, ...options } = buffer!;
    let at = 0;
    return createBuffer<number>({
      ...options,
      strategy: { highWaterMark: capacity },
      bytesOf: (item) => item,
      clock: this.#clock,
      random: () => random[at++ % random.length]!,
      onDrop: (item) => this.#dropped.push(item),
      onWarn: ({ dropped }) => this.#told.push(`warn ${dropped}`),
      onRecover: ({ dropped }) => this.#told.push(`recover ${dropped}`),
    });
  }

  /** Takes a step, and lets everything come to rest. */
  async take(step: RingStep): Promise<void> {
    const queue = this.#queue;
    if ("expect" in step) return this.#check(step.expect);
    if ("push" in step) assert.equal(this.#push(step.push), step.taken ?? true);
    else if ("pop" in step) assert.equal(queue.shift() ?? null, step.pop);
    else if ("popMany" in step) assert.deepEqual(queue.popMany(step.max), step.popMany);
    else if ("append" in step) this.#append(step.append, step.timeoutMs);
    else if ("abort" in step) this.#aborts.get(step.abort)!.abort(new Error("aborted"));
    else if ("close" in step) this.#buffer!.close();
    await this.#clock.advance("advance" in step ? step.advance : 0);
  }

  #push(given: number | readonly number[]): boolean {
    return typeof given === "number" ? this.#queue.push(given) : this.#queue.pushMany(given);
  }

  #append(item: number, timeoutMs: number | undefined): void {
    const controller = new AbortController();
    this.#aborts.set(item, controller);
    const { signal } = controller;
    this.#buffer!.append(item, { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) }).then(
      (taken) => this.#waits[item] = taken ? "taken" : "not taken",
      (error) => this.#waits[item] = error.name,
    );
  }

  #check(want: Extract<RingStep, { expect: unknown }>["expect"]): void {
    if (want.size !== undefined) assert.equal(this.#queue.size, want.size);
    for (const [name, value] of Object.entries(want.buffer ?? {})) {
      assert.deepEqual(this.#buffer![name as Figure], value, name);
    }
    if (want.dropped) assert.deepEqual(this.#dropped, want.dropped);
    if (want.waits) assert.deepEqual(this.#waits, want.waits);
    if (want.told) assert.deepEqual(this.#told, want.told);
  }

  /** Nothing may stay behind: no timer, and no item that was neither held nor taken out. */
  end(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const out = buffer.popMany().length;
    assert.ok(out <= buffer.accepted - buffer.evicted, "More comes out than went in");
    buffer.close();
    assert.equal(this.#clock.pending, 0, "A timer stays behind");
  }
}
