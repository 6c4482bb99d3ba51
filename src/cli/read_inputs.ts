import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { pipelineFeed } from "./feed.ts";
import { followFile } from "./follow.ts";
import { type InputContext, type ReadEnd, readStandardInput, readTextFile } from "./text_input.ts";

/** How inputs are read. */
export interface ReadInputsOptions {
  /** Whether to wait for more at the end of a file. */
  readonly follow: boolean;
  /** Aborted when reading is to end. */
  readonly stop: AbortSignal;
  /** Tells the user something in one line. */
  readonly say: (text: string) => void;
}

/**
 * Reads inputs into a pipeline: one after another to their ends, or all at once when they are followed.
 * False if there were lines that could not be read or not be taken.
 */
export async function readInputs(
  inputs: readonly string[],
  pipeline: Pipeline,
  { follow, stop, say }: ReadInputsOptions,
): Promise<boolean> {
  const context: InputContext = {
    feed: pipelineFeed(pipeline, stop),
    inputMark: (file) => pipeline.inputMark(file),
    say,
    stop,
  };
  const read = (input: string) => readInput(input, follow, context);
  if (follow) return !(await Promise.all(inputs.map(read))).includes("refused");
  for (const input of inputs) {
    const end = await read(input);
    if (end !== "end") return end === "stopped";
  }
  return true;
}

async function readInput(input: string, follow: boolean, context: InputContext): Promise<ReadEnd> {
  try {
    if (input === "-") return await readStandardInput(context);
    if (!follow) return await readTextFile(input, context);
    return await followFile(input, context, systemClock);
  } catch (error) {
    context.say(`Cannot read on in "${input}": ${messageOf(error)}`);
    return "refused";
  }
}
