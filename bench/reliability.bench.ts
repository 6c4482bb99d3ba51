/** What a circuit breaker and a retry cost a call that works. Run with `deno task bench`. */
import { createCircuitBreaker } from "../src/delivery/circuit_breaker.ts";
import { retry } from "../src/delivery/retry.ts";

const CALLS = 1000;
const noop = (): Promise<void> => Promise.resolve();

const consecutive = createCircuitBreaker();
const byCount = createCircuitBreaker({ trip: { rule: "count" } });
const byTime = createCircuitBreaker({ trip: { rule: "time" } });

Deno.bench(`breaker: ${CALLS} × allow and success`, { group: "permit", baseline: true }, () => {
  for (let i = 0; i < CALLS; i++) consecutive.allow().success();
});
Deno.bench("the same, last 100 results", { group: "permit" }, () => {
  for (let i = 0; i < CALLS; i++) byCount.allow().success();
});
Deno.bench("the same, last minute", { group: "permit" }, () => {
  for (let i = 0; i < CALLS; i++) byTime.allow().success();
});

Deno.bench(`${CALLS} × await of a no-op`, { group: "call", baseline: true }, async () => {
  for (let i = 0; i < CALLS; i++) await noop();
});
Deno.bench("the same by breaker.execute", { group: "call" }, async () => {
  for (let i = 0; i < CALLS; i++) await consecutive.execute(noop);
});
Deno.bench("the same by retry", { group: "call" }, async () => {
  for (let i = 0; i < CALLS; i++) await retry(noop);
});
Deno.bench("the same by retry of breaker.execute", { group: "call" }, async () => {
  for (let i = 0; i < CALLS; i++) await retry(() => consecutive.execute(noop));
});
