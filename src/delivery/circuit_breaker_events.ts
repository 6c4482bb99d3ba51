import { isolated } from "../isolated.ts";
import type { BreakerStateChange } from "./circuit_breaker_contract.ts";

/**
 * Tells changes one after the other: one that a listener causes is told when that listener is done, so
 * everybody sees the same order, and what a listener throws reaches nobody.
 */
export class ChangeTeller {
  readonly #listener: ((change: BreakerStateChange) => void) | undefined;
  readonly #waiting: BreakerStateChange[] = [];
  #isTelling = false;

  constructor(listener: ((change: BreakerStateChange) => void) | undefined) {
    this.#listener = listener && isolated("onStateChange", listener);
  }

  tell(change: BreakerStateChange): void {
    if (this.#listener === undefined) return;
    this.#waiting.push(change);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#listener(next);
    }
    this.#isTelling = false;
  }
}
