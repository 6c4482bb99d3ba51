/** What handing a job over costs, beside a floor. Run with `deno task bench`. */
import { createPool } from "../mod.ts";

/** The least that keeps a bound: a list and a count, without order, limits, signals or figures. */
function bareQueue(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  const next = (): void => {
    running--;
    waiting.shift()?.();
  };
  return (work) =>
    new Promise((resolve, reject) => {
      const start = (): void => {
        running++;
        work().then(resolve, reject).finally(next);
      };
      if (running < size) start();
      else waiting.push(start);
    });
}

const JOBS = 1000;
const bare = bareQueue(8);
const pool = createPool({ size: 8 });
const timed = createPool({ size: 8, timeoutMs: 30_000 });
const noop = (): Promise<void> => Promise.resolve();

Deno.bench("floor: 1000 × await of the job alone", { group: "one by one" }, async () => {
  for (let i = 0; i < JOBS; i++) await noop();
});
Deno.bench("floor: 1000 × bare queue", { group: "one by one", baseline: true }, async () => {
  for (let i = 0; i < JOBS; i++) await bare(noop);
});
Deno.bench("pool: 1000 × submit", { group: "one by one" }, async () => {
  for (let i = 0; i < JOBS; i++) await pool.submit(noop);
});
Deno.bench("pool: 1000 × submit, with a timeout", { group: "one by one" }, async () => {
  for (let i = 0; i < JOBS; i++) await timed.submit(noop);
});

Deno.bench("floor: 1000 at once, bare queue", { group: "at once", baseline: true }, async () => {
  await Promise.all(Array.from({ length: JOBS }, () => bare(noop)));
});
Deno.bench("pool: 1000 at once, submit", { group: "at once" }, async () => {
  await Promise.all(Array.from({ length: JOBS }, () => pool.submit(noop)));
});
Deno.bench("pool: 1000 at once, submit, 16 keys", { group: "at once" }, async () => {
  await Promise.all(Array.from({ length: JOBS }, (_, key) => pool.submit(noop, { key: key & 15 })));
});
Deno.bench("pool: 1000 at once, post and drain", { group: "at once" }, async () => {
  for (let i = 0; i < JOBS; i++) pool.post(noop);
  await pool.drain();
});
const controller = new AbortController();
const { signal } = controller;
Deno.bench("pool: 1000 at once, submit, one signal", { group: "at once" }, async () => {
  await Promise.all(Array.from({ length: JOBS }, () => pool.submit(noop, { signal })));
});

/** Every operation takes the same time at any length of the queue. */
for (const waiting of [1000, 100_000]) {
  const full = createPool({ size: 1, maxQueued: waiting, overflow: "drop-oldest" });
  full.post(() => new Promise(() => {}));
  for (let i = 0; i < waiting; i++) full.post(noop, { key: i & 1023 });
  Deno.bench(`pool: 1000 × post, giving up the oldest of ${waiting}`, { group: "full" }, () => {
    for (let i = 0; i < JOBS; i++) full.post(noop, { key: i & 1023 });
  });
}
