/** A thousand jobs at a time for eight workers: handed over, run and settled. */
import fastq from "fastq";
import PQueue from "p-queue";
import { createPool } from "../../../mod.ts";
import type { Program } from "../measure.ts";
import { noop, nsInBursts } from "./repeated.ts";

const BURST = 1000;
const WORKERS = 8;

function inBursts(open: () => () => Promise<unknown>): Program {
  return async (_folder, count) => ({ figures: { ns: await nsInBursts(count, BURST, open()) } });
}

/** Jobs whose results nobody waits for. */
const postOurs: Program = async (_folder, count) => {
  const pool = createPool({ size: WORKERS });
  const begin = performance.now();
  for (let done = 0; done < count; done += BURST) {
    for (let i = 0; i < BURST; i++) pool.post(noop);
    await pool.drain();
  }
  return { figures: { ns: ((performance.now() - begin) * 1e6) / count } };
};

/** By name. */
export const POOL_PROGRAMS: Readonly<Record<string, Program>> = {
  "ours submit": inBursts(() => {
    const pool = createPool({ size: WORKERS });
    return () => pool.submit(noop);
  }),
  "ours submit with a timeout": inBursts(() => {
    const pool = createPool({ size: WORKERS, timeoutMs: 30_000 });
    return () => pool.submit(noop);
  }),
  "ours post": postOurs,
  "p-queue": inBursts(() => {
    const queue = new PQueue({ concurrency: WORKERS });
    return () => queue.add(noop);
  }),
  "fastq promise": inBursts(() => {
    const queue = fastq.promise(noop, WORKERS);
    return () => queue.push(undefined);
  }),
};
