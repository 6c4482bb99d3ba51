/** What guards a call against failures, around a call that works. */
import {
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleAll,
  retry as cockatielRetry,
} from "cockatiel";
import CircuitBreaker from "opossum";
import pRetry from "p-retry";
import { createCircuitBreaker } from "../../../src/delivery/circuit_breaker.ts";
import { retry } from "../../../src/delivery/retry.ts";
import type { Program } from "../measure.ts";
import { noop, nsCalled, nsOverNoop, type Repeated } from "./repeated.ts";

function around(call: () => Repeated): Program {
  return async (_folder, count) => ({ figures: await nsOverNoop(count, call()) });
}

const MAX_ATTEMPTS = 5;
const OPEN_MS = 60_000;
/** Permits under way in the bench of permits alone. */
const HELD = 8;

/** Asks for leave and gives it back. Some permits are held, as by calls: each must really be made. */
const permitOurs: Program = (_folder, count) => {
  const breaker = createCircuitBreaker();
  const held = Array.from({ length: HELD }, () => breaker.allow());
  let next = 0;
  const ns = nsCalled(count, () => {
    held[next]!.success();
    held[next] = breaker.allow();
    next = (next + 1) % HELD;
  });
  return Promise.resolve({ figures: { ns } });
};

function cockatielBreaker(): Repeated {
  const breaker = new ConsecutiveBreaker(6);
  const policy = circuitBreaker(handleAll, { halfOpenAfter: OPEN_MS, breaker });
  return () => policy.execute(noop);
}

function cockatielRetries(): Repeated {
  const backoff = new ExponentialBackoff({ initialDelay: 200, maxDelay: 30_000 });
  const policy = cockatielRetry(handleAll, { maxAttempts: MAX_ATTEMPTS - 1, backoff });
  return () => policy.execute(noop);
}

/** By name. */
export const GUARD_PROGRAMS: Readonly<Record<string, Program>> = {
  "bare await": around(() => noop),
  "ours permit": permitOurs,
  "ours execute": around(() => {
    const breaker = createCircuitBreaker();
    return () => breaker.execute(noop);
  }),
  "cockatiel breaker": around(cockatielBreaker),
  "opossum": around(() => {
    const breaker = new CircuitBreaker(noop, { timeout: false, resetTimeout: OPEN_MS });
    return () => breaker.fire();
  }),
  "ours retry": around(() => () => retry(noop, { maxAttempts: MAX_ATTEMPTS })),
  "cockatiel retry": around(cockatielRetries),
  "p-retry": around(() => () => pRetry(noop, { retries: MAX_ATTEMPTS - 1 })),
};
