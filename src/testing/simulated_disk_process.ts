import type { SeededRandom } from "./random.ts";
import { type DiskCall, type FaultList, isChange, systemError } from "./simulated_disk_faults.ts";

/** What all processes that use a disk share. */
export interface ProcessHost {
  /** Decides how long calls take. */
  readonly random: SeededRandom;
  /** What goes wrong. */
  readonly faults: FaultList;
  /**
   * Told before a call changes the disk, or ends to do so: the place to crash at. `part` does what may
   * have been done of the call by then.
   */
  beforeChange(call: DiskCall, name: string, part: () => void): void;
}

/** A process that uses the disk. Once it is dead, nothing that it does reaches the disk. */
export class SimulatedProcess {
  readonly #host: ProcessHost;
  /** What it does before it ends of itself. */
  readonly spills: Set<() => void> = new Set();
  /** Whether it has ended. */
  isDead = false;

  constructor(host: ProcessHost) {
    this.#host = host;
  }

  /**
   * Passes a call that happens at once.
   *
   * @param part What may have been done of it if the process ends in its middle
   * @throws {Error} If the process is dead, or the call goes wrong
   */
  pass(call: DiskCall, name: string, part: () => void = () => {}): void {
    this.#count(call, name, part);
    if (this.isDead) {
      throw new Error(
        `Cannot ${call} "${name}": the process that took this store has ended; take a new store()`,
      );
    }
    const fault = this.#host.faults.meet(call, name);
    if (fault !== undefined) throw systemError(fault, call, name);
  }

  /** A call that takes a while and then has its effect, or goes wrong. */
  async later<T>(call: DiskCall, name: string, effect: () => T): Promise<T> {
    const fault = await this.begin(call, name);
    await this.end(call, name);
    if (fault !== undefined) throw systemError(fault, call, name);
    return effect();
  }

  /** A call that takes a while begins; says what will go wrong with it. In a dead process it never does. */
  async begin(call: DiskCall, name: string): Promise<string | undefined> {
    await this.#countOrHang(call, name);
    return this.#host.faults.meet(call, name);
  }

  /**
   * The call's time passes: as many turns of the promise queue as the seed says, so that calls that are
   * under way together end in any order.
   */
  async end(call: DiskCall, name: string): Promise<void> {
    for (let turns = this.#host.random.below(4); turns > 0; turns--) await undefined;
    await this.#countOrHang(call, name);
  }

  #count(call: DiskCall, name: string, part: () => void): void {
    if (!this.isDead && isChange(call)) this.#host.beforeChange(call, name, part);
  }

  #countOrHang(call: DiskCall, name: string): Promise<void> | undefined {
    this.#count(call, name, () => {});
    return this.isDead ? new Promise(() => {}) : undefined;
  }
}
