/** Settings of the pool, of retries and of circuit breakers. */
import type { Jitter } from "../delivery/jitter.ts";
import { leaf, section, type Setting } from "./setting.ts";
import { countOrUnlimited, duration, flag, MAX_TIMER_MS, number, oneOf, whole } from "./value.ts";

/** Workers that call the sinks. */
export interface PoolSettings {
  readonly num_workers?: number;
  readonly min_workers?: number;
  readonly queue_size?: number;
  readonly job_timeout?: number;
  readonly enable_stealing?: boolean;
}

/** Workers that call the sinks. */
export const poolSection: Setting<PoolSettings> = section("Workers that call the sinks", {
  num_workers: whole("Calls under way at once, of all sinks together (default 8)", {
    min: 1,
    max: 10_000,
  }),
  min_workers: whole("With it the pool finds its size by itself, from here to num_workers", {
    min: 1,
    max: 10_000,
  }),
  queue_size: whole(
    "Taken, without effect: what waits is in the log, and each sink reads on there",
  ),
  job_timeout: duration(
    "The longest call of a sink, unless the sink says otherwise (default 60s)",
    {
      min: 1,
      max: MAX_TIMER_MS,
    },
  ),
  enable_stealing: flag("Taken, without effect: a free worker takes what any sink has ready"),
}, { aliases: { max: "num_workers", max_workers: "num_workers", min: "min_workers" } });

/** When a sink is tried again. */
export interface RetrySettings {
  readonly max_retries?: number;
  readonly max_elapsed?: number;
  readonly strategy?: "exponential" | "linear" | "constant" | "fibonacci" | "decorrelated";
  readonly initial_backoff?: number;
  readonly max_backoff?: number;
  readonly multiplier?: number;
  readonly jitter?: Jitter;
  readonly retry_after_cap?: number;
}

const JITTERS = ["none", "full", "equal"] as const;

const jitter: Setting<Jitter> = leaf(
  "How much of a wait is left to chance: true and full (all of it), equal (half), false and none " +
    "(default full)",
  {
    allowed: 'true, false, "full", "equal", "none"',
    read: (value) => {
      if (typeof value === "boolean") return value ? "full" : "none";
      return JITTERS.find((name) => name === value);
    },
    json: { enum: [true, false, ...JITTERS] },
    names: JITTERS,
    fromText: "boolean",
  },
);

/** When a sink is tried again. */
export const retrySection: Setting<RetrySettings> = section("When a sink is tried again", {
  max_retries: countOrUnlimited(
    "Tries after the first one: 3 are 4 tries (default unlimited with a log on disk, else 4)",
  ),
  max_elapsed: duration("No try begins later than this after the first one (default: none)"),
  strategy: oneOf("How the waits grow (default exponential)", [
    "exponential",
    "linear",
    "constant",
    "fibonacci",
    "decorrelated",
  ]),
  initial_backoff: duration("The first wait (default 200ms)", { max: MAX_TIMER_MS }),
  max_backoff: duration("The longest wait (default 30s)", { max: MAX_TIMER_MS }),
  multiplier: number(
    "With exponential: each wait is so many times the one before (default 2)",
    1,
    1000,
  ),
  jitter,
  retry_after_cap: duration("A server that asks for a longer wait parks the sink (default 5m)"),
});

/** When a sink is left alone for a while. */
export interface BreakerSettings {
  readonly enabled?: boolean;
  readonly failure_threshold?: number;
  readonly interval?: number;
  readonly timeout?: number;
  readonly max_requests?: number;
}

/** When a sink is left alone for a while. */
export const breakerSection: Setting<BreakerSettings> = section(
  "When a sink is left alone for a while",
  {
    enabled: flag("Whether there is a circuit breaker (default true)"),
    failure_threshold: whole("Failures without a success between them that open it (default 6)", {
      min: 1,
      max: 1_000_000,
    }),
    interval: duration("Only failures of this last time count; 0 for no limit (default 0)"),
    timeout: duration("How long it stays open (default 60s)", { max: MAX_TIMER_MS }),
    max_requests: whole(
      "Half open: calls at once, and successes in a row that close it (default 1)",
      {
        min: 1,
        max: 1_000_000,
      },
    ),
  },
);

/** Retries and circuit breakers of all sinks. */
export interface ReliabilitySettings {
  readonly retry?: RetrySettings;
  readonly circuit_breaker?: BreakerSettings;
}

/** Retries and circuit breakers of all sinks. */
export const reliabilitySection: Setting<ReliabilitySettings> = section(
  "Retries and circuit breakers of all sinks that have no settings of their own",
  { retry: retrySection, circuit_breaker: breakerSection },
  { aliases: { breaker: "circuit_breaker" } },
);
