import type {
  BreakerSnapshot,
  BreakerStats,
  CircuitBreaker,
  ForcedHold,
  ForcedState,
} from "./circuit_breaker_contract.ts";
import { BreakerMachine } from "./circuit_breaker_machine.ts";
import {
  BREAKER_DEFAULTS,
  breakerSettings,
  type CircuitBreakerOptions,
} from "./circuit_breaker_options.ts";

/** The settings of one breaker of a registry, whose name is given apart. */
export type RegisteredBreakerOptions = Omit<CircuitBreakerOptions, "name">;

/** Circuit breakers by name. */
export interface BreakerRegistry {
  /**
   * The breaker of this name; made by the first call. Later ones may leave the options out, or must give
   * the same.
   *
   * @throws {TypeError} If it exists with other settings; functions are compared by identity
   * @throws {RangeError} If an option is out of range
   */
  get(name: string, options?: RegisteredBreakerOptions): CircuitBreaker;
  /** All breakers, the oldest first. */
  list(): CircuitBreaker[];
  /**
   * Holds a state on one breaker, or on all there are now.
   *
   * @throws {RangeError} If there is none of this name
   */
  force(state: ForcedState, name?: string): ForcedHold;
  /**
   * Closes one breaker, or all.
   *
   * @throws {RangeError} If there is none of this name
   */
  reset(name?: string): void;
  /** Forgets a breaker, and cancels its timer; false if there is none. Who holds it can still use it. */
  remove(name: string): boolean;
  /** The figures of all. */
  stats(): BreakerStats[];
  /** What `restore` takes; plain JSON. */
  snapshot(): BreakerSnapshot[];
  /**
   * Goes on where the breakers of another process stood. One that does not exist yet starts from there
   * when it is first asked for, so a snapshot may come before the settings; `reset` ends its forced
   * state.
   *
   * @returns One for each breaker that exists and is in a forced state again: releases it
   */
  restore(snapshots: readonly BreakerSnapshot[]): ForcedHold[];
}

/**
 * Makes a registry of circuit breakers: one a name, so that all callers of a destination share its
 * breaker.
 *
 * @param defaults Settings of every breaker that gives no other
 *
 * @example
 * ```ts
 * import { createBreakerRegistry } from "@logflume/logflume/circuit-breaker";
 *
 * const breakers = createBreakerRegistry({ openMs: 10_000 });
 * const orders = breakers.get("orders", { trip: { rule: "count", size: 20 } });
 * console.assert(breakers.get("orders") === orders);
 * using _hold = breakers.force("isolated");
 * console.assert(orders.state === "isolated");
 * ```
 */
export function createBreakerRegistry(defaults: RegisteredBreakerOptions = {}): BreakerRegistry {
  return new Registry(defaults);
}

interface Registered {
  readonly breaker: CircuitBreaker;
  readonly options: CircuitBreakerOptions;
}

class Registry implements BreakerRegistry {
  readonly #defaults: RegisteredBreakerOptions;
  readonly #registered = new Map<string, Registered>();
  /** Snapshots of breakers that nobody has asked for yet. */
  readonly #early = new Map<string, BreakerSnapshot>();

  constructor(defaults: RegisteredBreakerOptions) {
    this.#defaults = defaults;
  }

  get(name: string, options: RegisteredBreakerOptions = {}): CircuitBreaker {
    const known = this.#registered.get(name);
    // A value that is undefined was not given: it must not hide a default.
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    if (known === undefined) {
      return this.#make(name, { ...this.#defaults, ...Object.fromEntries(given), name });
    }
    for (const [key, asked] of given) assertSame(name, key, asked, known.options);
    return known.breaker;
  }

  #make(name: string, options: CircuitBreakerOptions): CircuitBreaker {
    const breaker = new BreakerMachine(breakerSettings(options));
    this.#registered.set(name, { breaker, options });
    const snapshot = this.#early.get(name);
    this.#early.delete(name);
    if (snapshot !== undefined) breaker.restore(snapshot);
    return breaker;
  }

  list(): CircuitBreaker[] {
    return [...this.#registered.values()].map(({ breaker }) => breaker);
  }

  #named(name: string | undefined): CircuitBreaker[] {
    if (name === undefined) return this.list();
    const known = this.#registered.get(name);
    if (known !== undefined) return [known.breaker];
    throw new RangeError(`There is no breaker "${name}": get it once to make it`);
  }

  force(state: ForcedState, name?: string): ForcedHold {
    const holds = this.#named(name).map((breaker) => breaker.force(state));
    const release = (): void => holds.forEach((hold) => hold.release());
    return { state, release, [Symbol.dispose]: release };
  }

  reset(name?: string): void {
    for (const breaker of this.#named(name)) breaker.reset();
  }

  remove(name: string): boolean {
    this.#registered.get(name)?.breaker[Symbol.dispose]();
    return this.#registered.delete(name);
  }

  stats(): BreakerStats[] {
    return this.list().map((breaker) => breaker.stats());
  }

  snapshot(): BreakerSnapshot[] {
    return [...this.list().map((breaker) => breaker.snapshot()), ...this.#early.values()];
  }

  restore(snapshots: readonly BreakerSnapshot[]): ForcedHold[] {
    return snapshots.flatMap((snapshot) => {
      const known = this.#registered.get(snapshot.name);
      if (known === undefined) this.#early.set(snapshot.name, snapshot);
      return known?.breaker.restore(snapshot) ?? [];
    });
  }
}

function assertSame(
  name: string,
  key: string,
  asked: unknown,
  options: CircuitBreakerOptions,
): void {
  const present = settingOf(options, key) ?? settingOf(BREAKER_DEFAULTS, key);
  if (isSame(asked, present)) return;
  throw new TypeError(
    `Breaker "${name}" exists with ${key} ${said(present)}, asked for with ${said(asked)}: give ` +
      "the same settings, or none",
  );
}

function settingOf(options: CircuitBreakerOptions, key: string): unknown {
  return (options as Readonly<Record<string, unknown>>)[key];
}

/** Plain objects and lists by what is in them; everything else by identity. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => isSame(one[key], other[key]));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

function said(value: unknown): string {
  return typeof value === "function" ? "another function" : JSON.stringify(value) ?? "undefined";
}
