/**
 * Runs everything that must hold whatever the seed, over thousands of seeds: `deno task soak 5000` for so
 * many, `deno task soak 30m` for so long. Then it runs once what is long by itself: a million records
 * through the lanes, and processes that are really killed. Ends with 1 and what replays the failures.
 */
import process from "node:process";
import { type CaseResult, type FaultCase, replayLine, runCase } from "./support/faults.ts";
import { DAMAGE_CASES } from "./support/faults_damage.ts";
import { ERROR_CASES } from "./support/faults_errors.ts";
import { MODEL_CASES } from "./support/faults_model.ts";
import { POINT_CASES } from "./support/faults_points.ts";
import { POWER_CASES } from "./support/faults_power.ts";
import { STEP_CASES } from "./support/faults_steps.ts";
import { reportChaos } from "./support/chaos_report.ts";
import { CHAOS_CASES, MILLION_CHAOS } from "./support/lane_chaos.ts";

/** Seeds of a case that are run before the next case has its turn. */
const ROUND = 100;
/** A seed of the crash points, or of the lanes, is worth so many of another case. */
const POINT_SEEDS = 50;
const LONG_CASES: readonly FaultCase[] = [...POINT_CASES, ...CHAOS_CASES];
/** A case that fails so often is given up. */
const MAX_FAILURES = 5;

const CASES: readonly FaultCase[] = [
  ...POWER_CASES,
  ...DAMAGE_CASES,
  ...ERROR_CASES,
  ...STEP_CASES,
  ...MODEL_CASES,
  ...LONG_CASES,
];

/** The kills of real processes are judged by the median of so many runs. */
const KILL_RUNS = 5;

interface Limit {
  /** The first seed. */
  readonly from: number;
  readonly seeds: number;
  readonly ms: number;
}

/** What the argument asks for: a number of seeds, from 1 on, or minutes, from a seed of the moment. */
function limitOf(argument: string = "2000"): Limit {
  const [, count, unit] = /^(\d+)(m?)$/.exec(argument) ?? [];
  if (count === undefined) {
    throw new RangeError(
      `Cannot soak for "${argument}": give a number of seeds such as 5000, or of minutes such as 30m`,
    );
  }
  return unit === "m"
    ? { from: Date.now() % 2 ** 30, seeds: Infinity, ms: Number(count) * 60_000 }
    : { from: 1, seeds: Number(count), ms: Infinity };
}

function newerThan(old: CaseResult | undefined, result: CaseResult): CaseResult {
  return {
    name: result.name,
    seeds: (old?.seeds ?? 0) + result.seeds,
    failures: [...old?.failures ?? [], ...result.failures],
  };
}

async function soak({ from, seeds, ms }: Limit): Promise<Map<string, CaseResult>> {
  const results = new Map<string, CaseResult>();
  const start = performance.now();
  const isOver = (): boolean => performance.now() - start >= ms;
  for (let done = 0; done < seeds && !isOver(); done += ROUND) {
    for (const fault of CASES) {
      const old = results.get(fault.name);
      if (isOver() || (old?.failures.length ?? 0) >= MAX_FAILURES) continue;
      const count = Math.min(ROUND, seeds - done) / (LONG_CASES.includes(fault) ? POINT_SEEDS : 1);
      const round = Array.from({ length: Math.ceil(count) }, (_, i) => from + done + i);
      results.set(fault.name, newerThan(old, await runCase(fault, round)));
    }
    const seconds = Math.round((performance.now() - start) / 1000);
    const failures = [...results.values()].reduce((sum, result) => sum + result.failures.length, 0);
    console.log(`${done + ROUND} seeds from ${from} in ${seconds} s: ${failures} failures`);
  }
  return results;
}

/** A case for which one seed is long enough. */
async function once(fault: FaultCase, seed: number): Promise<CaseResult> {
  const { name } = fault;
  const failed = (error: unknown): CaseResult => ({
    name,
    seeds: 1,
    failures: [`${replayLine(fault, seed)}   # ${error}`],
  });
  return await runCase(fault, [seed]).catch(failed);
}

function runtime(): string {
  const { deno, bun, node } = process.versions;
  return deno !== undefined ? `Deno ${deno}` : bun !== undefined ? `Bun ${bun}` : `Node ${node}`;
}

const limit = limitOf(process.argv[2]);
const results = await soak(limit);
results.set(MILLION_CHAOS.name, await once(MILLION_CHAOS, limit.from));
console.log(`\n| case | seeds on ${runtime()} | result |\n|---|---|---|`);
for (const { name, seeds, failures } of results.values()) {
  const result = failures.length === 0 ? "holds" : `${failures.length} failures`;
  console.log(`| ${name} | ${seeds} | ${result} |`);
}
const killed = await reportChaos(Array.from({ length: KILL_RUNS }, (_, i) => limit.from + i));
const failures = [...[...results.values()].flatMap((result) => result.failures), ...killed];
for (const line of failures) console.log(line);
if (failures.length > 0) process.exitCode = 1;
