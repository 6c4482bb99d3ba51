import { statSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { pipelineFeed } from "./feed.ts";
import { followInputs } from "./follow.ts";
import { followPipe } from "./follow_pipe.ts";
import { inputSource } from "./input_source.ts";
import { readPattern } from "./read_pattern.ts";
import { type InputContext, type ReadEnd, readStandardInput, readTextFile } from "./text_input.ts";

/** How inputs are read. */
export interface ReadInputsOptions {
  /** Whether to wait for more at the end of a file. */
  readonly follow: boolean;
  /** Whether a path is no input, whatever a pattern says. */
  readonly isLeftOut: (path: string) => boolean;
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
  { follow, isLeftOut, stop, say }: ReadInputsOptions,
): Promise<boolean> {
  const context: InputContext = {
    feed: pipelineFeed(pipeline, stop),
    marksAt: (place) => pipeline.inputMarks().filter(({ id }) => id.startsWith(`${place}:`)),
    isLeftOut,
    say: (text) => say(escapeControls(text)),
    stop,
  };
  if (follow) return !(await followAll(inputs, context)).includes("refused");
  for (const input of inputs) {
    const end = await guard(input, context, () => readInput(input, context));
    if (end !== "end") return end === "stopped";
  }
  return true;
}

/** A name may have control characters in it, which must not reach a terminal. */
function escapeControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1))
    .replaceAll(/[\x7f-\x9f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function readInput(input: string, context: InputContext): Promise<ReadEnd> {
  if (input === "-") return readStandardInput(context);
  const source = inputSource(input);
  return source.isPattern ? readPattern(source, context) : readTextFile(input, context);
}

function followAll(inputs: readonly string[], context: InputContext): Promise<ReadEnd[]> {
  const streams = inputs.filter((input) => input === "-" || isStream(input));
  const files = inputs.filter((input) => !streams.includes(input));
  const reading = streams.map((input) =>
    guard(
      input,
      context,
      () => input === "-" ? readStandardInput(context) : followPipe(input, context, systemClock),
    )
  );
  if (files.length > 0) {
    reading.push(
      guard(files.join(", "), context, () => followInputs(files, context, systemClock)),
    );
  }
  return Promise.all(reading);
}

/** A named pipe or a device: what was read of it cannot be read again. */
function isStream(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

async function guard(
  input: string,
  context: InputContext,
  read: () => Promise<ReadEnd>,
): Promise<ReadEnd> {
  try {
    return await read();
  } catch (error) {
    context.say(`Cannot read on in "${input}": ${messageOf(error)}`);
    return "refused";
  }
}
