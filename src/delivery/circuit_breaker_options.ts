import { type Clock, systemClock } from "../clock.ts";
import { RejectedError } from "../errors.ts";
import { type Backoff, MAX_DELAY_MS, within } from "./backoff.ts";
import type { BreakerStateChange } from "./circuit_breaker_contract.ts";
import { isBreakerRefusal } from "./circuit_breaker_errors.ts";
import type { RampOptions } from "./circuit_breaker_ramp.ts";
import { type TripRule, wholeFrom1 } from "./circuit_breaker_trip.ts";

/** What a result says about the destination: it is well, it is not, or nothing. */
export type BreakerVerdict = "success" | "failure" | "exclude";

/** How a circuit breaker judges and waits. */
export interface CircuitBreakerOptions {
  /** What its events, errors and figures call it. @default {"breaker"} */
  readonly name?: string;
  /** When the circuit opens. @default {{ rule: "consecutive", failures: 6 }} */
  readonly trip?: TripRule;
  /**
   * How long it stays open, in milliseconds, or a backoff over the times in a row that it opened without
   * closing between them. @default {60000}
   */
  readonly openMs?: number | Backoff;
  /** It stays open longer if the error has a `retryAfterMs`, up to this. @default {300000} */
  readonly maxRetryAfterMs?: number;
  /** Half-open: calls under way at once. @default {1} */
  readonly maxProbes?: number;
  /** Half-open: so many successes close the circuit. @default {1} */
  readonly successThreshold?: number;
  /** Half-open: so many failures open it again. @default {1} */
  readonly failureThreshold?: number;
  /**
   * Half-open: a probe without a result for so long has failed, in milliseconds; longer than a call may
   * take. @default {60000}
   */
  readonly probeTimeoutMs?: number;
  /** Limits the rate of calls while half-open and for a while after; no limit by default. */
  readonly ramp?: RampOptions;
  /** What an error says about the destination. @default {judgeError} */
  readonly classify?: (error: unknown) => BreakerVerdict;
  /** Told after each change of the state, in order; what it throws changes nothing. */
  readonly onStateChange?: (change: BreakerStateChange) => void;
  /**
   * Sets a timer for what time changes, so that events come without a call; without, the breaker looks
   * at the clock when it is asked. @default {false}
   */
  readonly isEager?: boolean;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Chance for the backoff, from 0 up to 1. @default {Math.random} */
  readonly random?: () => number;
}

/** The defaults that are plain values. */
export const BREAKER_DEFAULTS: BreakerDefaults = {
  name: "breaker",
  trip: { rule: "consecutive" },
  openMs: 60_000,
  maxRetryAfterMs: 300_000,
  maxProbes: 1,
  successThreshold: 1,
  failureThreshold: 1,
  probeTimeoutMs: 60_000,
  isEager: false,
};

type BreakerDefaults =
  & Readonly<Record<"openMs" | "maxRetryAfterMs" | "probeTimeoutMs", number>>
  & Required<Omit<CircuitBreakerOptions, "openMs" | Injected>>;
type Injected = "ramp" | "classify" | "onStateChange" | "clock" | "random";

/** The options with every default in place. */
export interface BreakerSettings {
  readonly name: string;
  readonly trip: TripRule;
  readonly openMsAfter: (openings: number, previousMs: number | undefined) => number;
  readonly maxRetryAfterMs: number;
  readonly maxProbes: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  readonly probeTimeoutMs: number;
  readonly ramp: RampOptions | undefined;
  readonly classify: (error: unknown) => BreakerVerdict;
  readonly onStateChange: ((change: BreakerStateChange) => void) | undefined;
  readonly isEager: boolean;
  readonly clock: Clock;
}

/**
 * What an error says, if nobody says otherwise: a `RejectedError` was the record's fault and the refusal
 * of another breaker no call at all, so both are excluded; every other one is a failure.
 *
 * @example
 * ```ts
 * import { judgeError } from "@logflume/logflume/circuit-breaker";
 *
 * console.assert(judgeError(new Error("connection reset")) === "failure");
 * ```
 */
export function judgeError(error: unknown): BreakerVerdict {
  return error instanceof RejectedError || isBreakerRefusal(error) ? "exclude" : "failure";
}

/** Checks the options, and fills in what they leave open. */
export function breakerSettings(options: CircuitBreakerOptions): BreakerSettings {
  const byDefault = BREAKER_DEFAULTS;
  const { random = Math.random } = options;
  const openMs = options.openMs ?? byDefault.openMs;
  const backoff: Backoff = typeof openMs === "function" ? openMs : constantly("openMs", openMs);
  const maxRetryAfterMs = options.maxRetryAfterMs ?? byDefault.maxRetryAfterMs;
  constantly("maxRetryAfterMs", maxRetryAfterMs);
  const wholeOf = (key: "maxProbes" | "successThreshold" | "failureThreshold"): number =>
    wholeFrom1(key, options[key] ?? byDefault[key]);
  return {
    name: options.name ?? byDefault.name,
    trip: options.trip ?? byDefault.trip,
    openMsAfter: (openings, previousMs) =>
      within(MAX_DELAY_MS, backoff(openings, random, previousMs)),
    maxRetryAfterMs,
    maxProbes: wholeOf("maxProbes"),
    successThreshold: wholeOf("successThreshold"),
    failureThreshold: wholeOf("failureThreshold"),
    probeTimeoutMs: timeoutOf(options.probeTimeoutMs ?? byDefault.probeTimeoutMs),
    ramp: options.ramp,
    classify: options.classify ?? judgeError,
    onStateChange: options.onStateChange,
    isEager: options.isEager ?? byDefault.isEager,
    clock: options.clock ?? systemClock,
  };
}

function timeoutOf(probeTimeoutMs: number): number {
  if (probeTimeoutMs > 0) return probeTimeoutMs;
  throw new RangeError(
    `Cannot use probeTimeoutMs ${probeTimeoutMs}: allowed are milliseconds above 0, and Infinity`,
  );
}

function constantly(name: string, ms: number): Backoff {
  if (ms >= 0) return () => ms;
  throw new RangeError(`Cannot use ${name} ${ms}: allowed are 0 and more milliseconds`);
}
