import process from "node:process";
import { withSeededSalts } from "./faults_salts.ts";

/** Something that must hold whatever the seed. */
export interface FaultCase {
  /** Begins with a number of its own, so that one can be picked by it. */
  readonly name: string;
  /** The file of the test, for the line that replays it. */
  readonly file: string;
  /** Throws where it does not hold. */
  run(seed: number): Promise<void>;
}

/** What came of a case over many seeds. */
export interface CaseResult {
  readonly name: string;
  readonly seeds: number;
  /** One line a failing seed, which replays it. */
  readonly failures: readonly string[];
}

/** Failing seeds after which a case is given up. */
const MAX_FAILURES = 3;

/**
 * The seeds to run: one, if it is being replayed; else as many as asked for, from 1 on. The soak runs
 * thousands.
 */
export function seeds(count = 40): number[] {
  const { LOGFLUME_SEED, LOGFLUME_SEEDS } = process.env;
  if (LOGFLUME_SEED !== undefined) return [Number(LOGFLUME_SEED)];
  return Array.from({ length: Number(LOGFLUME_SEEDS ?? count) }, (_, i) => i + 1);
}

/** Runs a case over seeds, and collects what failed. */
export async function runCase(
  fault: FaultCase,
  over: readonly number[] = seeds(),
): Promise<CaseResult> {
  const failures: string[] = [];
  for (const seed of over) {
    try {
      await withSeededSalts(seed, () => fault.run(seed));
    } catch (error) {
      failures.push(`${replayLine(fault, seed)}   # ${firstLine(error)}`);
      if (over.length === 1) throw error;
      if (failures.length === MAX_FAILURES) break;
    }
  }
  return { name: fault.name, seeds: over.length, failures };
}

/** Runs a case as a test. */
export async function mustHold(fault: FaultCase, over?: readonly number[]): Promise<void> {
  const { failures } = await runCase(fault, over);
  if (failures.length === 0) return;
  const error = new Error(`replay with\n  ${failures.join("\n  ")}`);
  delete error.stack;
  throw error;
}

/** The command that runs this seed of this case alone, on the runtime that is running. */
export function replayLine({ name, file }: FaultCase, seed: number): string {
  const pick = name.split(":")[0];
  const { deno, bun } = process.versions;
  const command = deno !== undefined
    ? `deno test -A --no-check ${file} --filter "${pick}"`
    : bun !== undefined
    ? `bun test ./${file} -t "${pick}"`
    : `node --test --test-name-pattern="${pick}" ${file}`;
  return `LOGFLUME_SEED=${seed} ${command}`;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/\s+/g, " ").slice(0, 240);
}
