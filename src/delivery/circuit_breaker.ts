/**
 * A circuit breaker: stops calling what fails, asks now and then whether it is well again, and lets the
 * load come back slowly. It knows nothing of logs and can be used alone.
 *
 * @example
 * ```ts
 * import { BreakerOpenError, createCircuitBreaker } from "@logflume/logflume/circuit-breaker";
 *
 * const breaker = createCircuitBreaker({
 *   name: "orders",
 *   trip: { rule: "consecutive", failures: 2 },
 *   openMs: 5_000,
 * });
 * const call = () => breaker.execute(() => Promise.reject(new Error("connection refused")));
 * await call().catch(() => {});
 * await call().catch(() => {});
 * const error = await call().catch((error) => error);
 * console.assert(error instanceof BreakerOpenError && breaker.state === "open");
 * ```
 *
 * @module
 */
import type { CircuitBreaker } from "./circuit_breaker_contract.ts";
import { BreakerMachine } from "./circuit_breaker_machine.ts";
import { breakerSettings, type CircuitBreakerOptions } from "./circuit_breaker_options.ts";

/**
 * Makes a circuit breaker. It holds nothing but memory; with `isEager` also one timer while it is open
 * or probes are under way, which keeps no process alive.
 *
 * @throws {RangeError} If an option is out of range
 *
 * @example
 * ```ts
 * import { createCircuitBreaker } from "@logflume/logflume/circuit-breaker";
 *
 * const breaker = createCircuitBreaker({
 *   trip: { rule: "time", windowMs: 30_000, failureRate: 0.5, minResults: 10 },
 * });
 * {
 *   using permit = breaker.allow(); // throws while the circuit is open
 *   permit.success();
 * }
 * console.assert(breaker.counts.successes === 1);
 * ```
 */
export function createCircuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  return new BreakerMachine(breakerSettings(options));
}

export type {
  BreakerCalls,
  BreakerChangeReason,
  BreakerSnapshot,
  BreakerState,
  BreakerStateChange,
  BreakerStats,
  CircuitBreaker,
  ExecuteOptions,
  ForcedHold,
  ForcedState,
  Permit,
} from "./circuit_breaker_contract.ts";
export type { BreakerCounts } from "./circuit_breaker_counts.ts";
export {
  BreakerOpenError,
  isBreakerRefusal,
  RateLimitedError,
  TooManyProbesError,
} from "./circuit_breaker_errors.ts";
export {
  type BreakerVerdict,
  type CircuitBreakerOptions,
  judgeError,
} from "./circuit_breaker_options.ts";
export {
  type BreakerRegistry,
  createBreakerRegistry,
  type RegisteredBreakerOptions,
} from "./circuit_breaker_registry.ts";
export type { RampOptions } from "./circuit_breaker_ramp.ts";
export type {
  ConsecutiveRule,
  CountRule,
  CustomRule,
  FailureShare,
  TimeRule,
  TripRule,
} from "./circuit_breaker_trip.ts";
