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
    const fault = this.meet(call, name, part);
    if (fault !== undefined) throw systemError(fault, call, name);
  }

  /**
   * Passes a call that happens at once, and gives the code of what goes wrong with it.
   *
   * @param part What may have been done of it if the process ends in its middle
   * @throws {Error} If the process is dead
   */
  meet(call: DiskCall, name: string, part: () => void = () => {}): string | undefined {
    this.#count(call, name, part);
    if (this.isDead) {
      throw new Error(
        `Cannot ${call} "${name}": the process that took this store has ended; take a new store()`,
      );
    }
    return this.#host.faults.meet(call, name);
  }

  /**
   * A call that takes a while and then has its effect: as many turns of the promise queue as the seed
   * says, so that calls that are under way together end in any order. Between a look at `isDead` and what
   * is done there is no turn, so that a dead process does nothing; its calls never end.
   *
   * @param effect Gets the code of what goes wrong with the call, if anything does
   * @param ahead What this call waits for before it begins
   * @param start What happens when it begins
   */
  async later<T>(
    call: DiskCall,
    name: string,
    effect: (fault: string | undefined) => T,
    ahead?: Promise<void>,
    start: () => void = () => {},
  ): Promise<T> {
    this.#count(call, name, () => {});
    if (ahead !== undefined) await ahead;
    if (this.isDead) await never();
    const fault = this.#host.faults.meet(call, name);
    start();
    for (let turns = this.#host.random.below(4); turns > 0; turns--) await undefined;
    this.#count(call, name, () => {});
    if (this.isDead) await never();
    return effect(fault);
  }

  #count(call: DiskCall, name: string, part: () => void): void {
    if (!this.isDead && isChange(call)) this.#host.beforeChange(call, name, part);
  }
}

/** What a call of a dead process gives; a new one each time, since a promise keeps those who wait. */
function never(): Promise<void> {
  return new Promise(() => {});
}
