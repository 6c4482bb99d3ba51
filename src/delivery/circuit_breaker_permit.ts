import type { Permit } from "./circuit_breaker_contract.ts";

/** Who gave a permit, and takes its one result. */
export interface PermitIssuer {
  /** A call worked. */
  succeeded(permit: IssuedPermit): void;
  /** A call failed. */
  failed(permit: IssuedPermit, error: unknown): void;
  /** A call says nothing. */
  excluded(permit: IssuedPermit): void;
  /** A call threw. */
  threw(permit: IssuedPermit, error: unknown): void;
}

/** A permit of one generation of the breaker: of the time between two changes of its state. */
export class IssuedPermit implements Permit {
  readonly generation: number;
  readonly #issuer: PermitIssuer;
  #isSettled = false;

  constructor(issuer: PermitIssuer, generation: number) {
    this.#issuer = issuer;
    this.generation = generation;
  }

  success(): void {
    if (this.#settle()) this.#issuer.succeeded(this);
  }

  failure(error?: unknown): void {
    if (this.#settle()) this.#issuer.failed(this, error);
  }

  exclude(): void {
    if (this.#settle()) this.#issuer.excluded(this);
  }

  done(error?: unknown): void {
    if (error === undefined) this.success();
    else this.threw(error);
  }

  /** As `done`, but whatever was thrown: `undefined` too. */
  threw(error: unknown): void {
    if (this.#settle()) this.#issuer.threw(this, error);
  }

  [Symbol.dispose](): void {
    this.exclude();
  }

  /** True the first time. */
  #settle(): boolean {
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    return isFirst;
  }
}
