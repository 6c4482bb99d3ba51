/** Dead letters over a disk that is killed or loses power at any call, against a model of what they hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeadLetter, type DeadLetters, openDeadLetters, openWal } from "../mod.ts";
import {
  type FakeClock,
  fakeClock,
  type SimulatedDisk,
  simulatedDisk,
} from "../src/testing/mod.ts";
import { type SeededRandom, seededRandom } from "../src/testing/random.ts";
import { failureOf, listed } from "./support/letter_logs.ts";

const MAX_ENTRIES = 12;
const IDS = 40;

/** What the model knows of an entry. */
interface Known {
  readonly seq: number;
  readonly firstFailed: string;
  readonly attempts: number;
  readonly replays: number;
}

type State = ReadonlyMap<number, Known>;

const knownOf = ({ seq, firstFailed, attempts, replays }: DeadLetter): Known => ({
  seq,
  firstFailed,
  attempts,
  replays,
});

/** The program that a test lets crash; the model sees only what was acknowledged to it. */
class Trial {
  readonly disk: SimulatedDisk;
  readonly clock: FakeClock = fakeClock();
  readonly random: SeededRandom;
  /** Whether one entry of many bytes is updated again and again, so that others are copied behind it. */
  readonly #isWasteful: boolean;
  /** What was acknowledged. */
  state: State = new Map();
  /** What it is if the change under way is durable already. */
  next: State = new Map();

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.disk = simulatedDisk({ seed, shortWrites: 0.05 });
    this.#isWasteful = seed % 2 === 0;
  }

  async open(): Promise<DeadLetters> {
    const options = { segmentBytes: 65_536, retain: 0, windowBytes: 0, clock: this.clock };
    const log = await openWal(this.disk.store(), options);
    return await openDeadLetters(log, { maxEntries: MAX_ENTRIES, clock: this.clock });
  }

  /** Opens, and makes changes until the disk crashes or there were enough. */
  async run(): Promise<void> {
    const { crashes } = this.disk;
    const letters = await this.open();
    this.state = this.next = stateOf(await listed(letters));
    // The disk may crash while the log is tidied: whose process is dead makes no more changes.
    for (let i = 0; i < 20 && this.disk.crashes === crashes; i++) {
      await this.#change(letters);
      await this.clock.advance(1);
    }
    await letters.close();
  }

  #change(letters: DeadLetters): Promise<void> {
    const random = this.random;
    const choice = this.#isWasteful ? random.below(7) : random.below(10);
    if (choice < 6) return this.#add(letters);
    return choice < 9 ? this.#replay(letters) : this.#remove(letters);
  }

  async #add(letters: DeadLetters): Promise<void> {
    const random = this.random;
    const now = new Date(this.clock.now()).toISOString();
    const most = this.#isWasteful ? 1 : IDS;
    const seqs = new Set(Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(most)));
    if (this.#isWasteful && random.chance(0.1)) seqs.add(2 + random.below(5));
    const next = new Map(this.state);
    for (const seq of seqs) {
      const held = next.get(seq);
      next.set(
        seq,
        held === undefined
          ? { seq, firstFailed: now, attempts: 1, replays: 0 }
          : { ...held, attempts: held.attempts + 1 },
      );
    }
    const oldest = [...next.values()].sort((a, b) =>
      a.firstFailed < b.firstFailed ? -1 : a.firstFailed > b.firstFailed ? 1 : a.seq - b.seq
    );
    for (const { seq } of oldest.slice(0, Math.max(0, next.size - MAX_ENTRIES))) next.delete(seq);
    this.next = next;
    await letters.add(
      [...seqs].map((seq) =>
        failureOf(seq, { attempts: 1, error: "no", record: this.#recordOf(seq) })
      ),
    );
    this.state = next;
  }

  #recordOf(seq: number): string {
    return `"${seq} ${"x".repeat(seq === 1 && this.#isWasteful ? 150_000 : 300)}"`;
  }

  async #replay(letters: DeadLetters): Promise<void> {
    const random = this.random;
    await letters.replay({
      force: true,
      limit: 1 + random.below(4),
      resend: ({ seq }) => {
        // Whatever came before has been acknowledged.
        this.state = this.next;
        const next = new Map(this.state);
        const held = next.get(seq)!;
        const fails = random.chance(0.3);
        if (fails) {
          const { attempts, replays } = held;
          next.set(seq, { ...held, attempts: attempts + 1, replays: replays + 1 });
        } else next.delete(seq);
        this.next = next;
        return fails ? Promise.reject(new Error("no")) : Promise.resolve();
      },
    });
    this.state = this.next;
  }

  async #remove(letters: DeadLetters): Promise<void> {
    const seq = 1 + this.random.below(this.#isWasteful ? 6 : IDS);
    const next = new Map(this.state);
    next.delete(seq);
    this.next = next;
    await letters.remove([failureOf(seq).id]);
    this.state = next;
  }
}

function stateOf(letters: readonly DeadLetter[]): State {
  return new Map(letters.map((letter) => [letter.seq, knownOf(letter)]));
}

/** Each entry is as it was acknowledged, or as the change under way was to leave it. */
function assertEither(found: State, before: State, after: State, because: string): void {
  for (let seq = 1; seq <= IDS; seq++) {
    const [is, was, will] = [found, before, after].map((state) => JSON.stringify(state.get(seq)));
    assert.ok(is === was || is === will, `${because}: ${seq} is ${is}, was ${was}, to be ${will}`);
  }
}

for (const kind of ["kill", "power"] as const) {
  test(`after a ${kind} anywhere every entry is as it was acknowledged, or as it was to be`, async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const trial = new Trial(seed);
      for (let crash = 0; crash < 8; crash++) {
        trial.disk.crashAt(trial.disk.calls + 1 + trial.random.below(200), kind);
        await trial.disk.untilCrash(() => trial.run());
        if (trial.disk.crashes <= crash) trial.disk.crash(kind);
        const { state, next } = trial;
        const letters = await trial.open();
        const found = stateOf(await listed(letters));
        assertEither(found, state, next, `seed ${seed}, ${kind} ${crash}`);
        // Who looks twice sees the same.
        await letters.close();
        const again = await trial.open();
        assert.deepEqual(stateOf(await listed(again)), found);
        trial.state = trial.next = found;
        await again.close();
      }
    }
  });
}
