import type { ForcedHold, ForcedState } from "./circuit_breaker_contract.ts";

/** The forced states that are held at present. */
export class ForcedStates {
  readonly #holds = new Set<ForcedHold>();
  readonly #onRelease: () => void;

  constructor(onRelease: () => void) {
    this.#onRelease = onRelease;
  }

  /** The one that counts: to refuse everything is the safe side, else the latest will is done. */
  get present(): ForcedState | undefined {
    const states = [...this.#holds].map((hold) => hold.state);
    return states.includes("isolated") ? "isolated" : states.at(-1);
  }

  add(state: ForcedState): ForcedHold {
    const release = (): void => {
      if (this.#holds.delete(hold)) this.#onRelease();
    };
    const hold = { state, release, [Symbol.dispose]: release };
    this.#holds.add(hold);
    return hold;
  }

  /** Forgets all of them: releasing one later changes nothing. */
  clear(): void {
    this.#holds.clear();
  }
}
