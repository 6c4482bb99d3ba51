import { StoreFailedError } from "../errors.ts";
import type { FileStore } from "../storage/store.ts";

/**
 * Keeps a process that slept, while another one took its place, from doing harm: asked before anything
 * is acknowledged, and before anything is made or removed that the other could take for its own.
 */
export class Fence {
  readonly #store: FileStore;
  readonly #fail: (error: StoreFailedError) => void;

  /** @param fail Ends the log; called when the store is no longer ours */
  constructor(store: FileStore, fail: (error: StoreFailedError) => void) {
    this.#store = store;
    this.#fail = fail;
  }

  /** Whether the store is still ours. */
  get isOurs(): boolean {
    if (this.#store.isHeld()) return true;
    this.#fail(this.#lost());
    return false;
  }

  /**
   * Does nothing while the store is ours.
   *
   * @throws {StoreFailedError} If it is not any more
   */
  assert(): void {
    if (!this.isOurs) throw this.#lost();
  }

  #lost(): StoreFailedError {
    return new StoreFailedError(
      `The lock of "${this.#store.label}" was taken away from this process, so another one may write ` +
        `there: this log takes no more records; never remove a LOCK file while its process lives`,
    );
  }
}
