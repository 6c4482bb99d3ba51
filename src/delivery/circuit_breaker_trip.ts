import type { Clock } from "../clock.ts";
import { type BreakerCounts, type CallTally, PlainTally } from "./circuit_breaker_counts.ts";
import { CountWindow, TimeWindow } from "./circuit_breaker_windows.ts";

/** When a closed circuit opens; looked at after each failure. */
export type TripRule = ConsecutiveRule | CountRule | TimeRule | CustomRule;

/** Opens after failures without a success between them. */
export interface ConsecutiveRule {
  /** Which rule this is. */
  readonly rule: "consecutive";
  /** So many of them open the circuit. @default {6} */
  readonly failures?: number;
}

/** A share of failures; calls that are excluded or have no result yet are not in it. */
export interface FailureShare {
  /** Opens if failures / (successes + failures) is at least this, above 0 and up to 1. @default {0.5} */
  readonly failureRate?: number;
  /** Never opens on fewer results than this. @default {20} */
  readonly minResults?: number;
}

/** Opens on a share of failures among the last results. */
export interface CountRule extends FailureShare {
  /** Which rule this is. */
  readonly rule: "count";
  /** How many results are looked at. @default {100} */
  readonly size?: number;
}

/** Opens on a share of failures in the last time. */
export interface TimeRule extends FailureShare {
  /** Which rule this is. */
  readonly rule: "time";
  /** How much time is looked at, in milliseconds. @default {60000} */
  readonly windowMs?: number;
  /** In how many steps old results are forgotten. @default {10} */
  readonly segments?: number;
}

/** Opens when a function says so. */
export interface CustomRule {
  /** Which rule this is. */
  readonly rule: "custom";
  /** Whether these counts, of which the last is a failure, open the circuit; must not throw. */
  readonly shouldTrip: (counts: BreakerCounts) => boolean;
  /** Counts of so much time only, in milliseconds. @default {Infinity} */
  readonly windowMs?: number;
  /** In how many steps old results are forgotten. @default {10} */
  readonly segments?: number;
}

/** A trip rule at work. */
export interface Trip {
  /** What it counts. */
  readonly tally: CallTally;
  /** Whether the circuit opens, asked after a failure. */
  isTripped(): boolean;
}

/**
 * Sets a trip rule up.
 *
 * @throws {RangeError} If a value is out of range
 */
export function createTrip(rule: TripRule, clock: Clock): Trip {
  switch (rule.rule) {
    case "consecutive":
      return consecutive(rule);
    case "count":
      return byCount(rule);
    case "time":
      return byTime(rule, clock);
    case "custom":
      return custom(rule, clock);
    default:
      throw new RangeError(
        `Cannot trip by ${
          JSON.stringify((rule as { rule?: unknown }).rule)
        }: allowed are "consecutive", "count", "time" and "custom"`,
      );
  }
}

function consecutive(rule: ConsecutiveRule): Trip {
  const failures = wholeFrom1("failures", rule.failures ?? 6);
  const tally = new PlainTally();
  return { tally, isTripped: () => tally.counts.consecutiveFailures >= failures };
}

function byCount(rule: CountRule): Trip {
  const size = wholeFrom1("size", rule.size ?? 100);
  const minResults = rule.minResults ?? 20;
  if (minResults > size) {
    throw new RangeError(
      `Cannot use minResults ${minResults} with size ${size}: the circuit would never open`,
    );
  }
  return byShare(new CountWindow(size), rule);
}

function byTime(rule: TimeRule, clock: Clock): Trip {
  return byShare(timeWindow(rule.windowMs ?? 60_000, rule.segments, clock), rule);
}

function byShare(tally: CallTally, rule: FailureShare): Trip {
  const minResults = wholeFrom1("minResults", rule.minResults ?? 20);
  const { failureRate = 0.5 } = rule;
  if (!(failureRate > 0 && failureRate <= 1)) {
    throw new RangeError(
      `Cannot use failureRate ${failureRate}: allowed are numbers above 0 and up to 1`,
    );
  }
  const isTripped = (): boolean => {
    const { successes, failures } = tally.counts;
    const results = successes + failures;
    return results >= minResults && failures / results >= failureRate;
  };
  return { tally, isTripped };
}

function custom(rule: CustomRule, clock: Clock): Trip {
  const { windowMs = Infinity, segments, shouldTrip } = rule;
  const tally = windowMs === Infinity ? new PlainTally() : timeWindow(windowMs, segments, clock);
  return { tally, isTripped: () => shouldTrip(tally.counts) };
}

function timeWindow(windowMs: number, segments = 10, clock: Clock): TimeWindow {
  if (!(windowMs > 0 && windowMs < Infinity)) {
    throw new RangeError(`Cannot use windowMs ${windowMs}: allowed are milliseconds above 0`);
  }
  return new TimeWindow(windowMs, wholeFrom1("segments", segments), clock);
}

/** Returns the value if it is a whole number of at least 1, and throws a `RangeError` if not. */
export function wholeFrom1(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are whole numbers from 1`);
}
