/** Cases kept as data: a name, a setting, and steps that a small interpreter takes one by one. */
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../cases/", import.meta.url);

/** What every case has. */
export interface NamedCase {
  /** One sentence; it begins with the number of the row that it stands for, if it stands for one. */
  readonly name: string;
}

/** The cases of one part, such as `lane`. */
export function readCases<T extends NamedCase>(part: string): T[] {
  return JSON.parse(readFileSync(new URL(`${part}.json`, FOLDER), "utf8"));
}

/** The parts that have cases. */
export function caseParts(): string[] {
  return readdirSync(FOLDER).map((file) => file.replace(/\.json$/, "")).sort();
}

/** Takes steps one by one; what goes wrong says at which. */
export async function takeSteps<S>(
  steps: readonly S[],
  take: (step: S) => void | Promise<void>,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    try {
      await take(step);
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`Step ${index + 1}, ${JSON.stringify(step)}: ${message}`, { cause: error });
    }
  }
}
