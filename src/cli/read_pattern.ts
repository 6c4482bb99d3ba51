import { reasonOf } from "./check_inputs.ts";
import { type FoundFile, type InputSource, isGone, listFiles } from "./input_source.ts";
import { type InputContext, type ReadEnd, readTextFile } from "./text_input.ts";

/** Reads the files that fit a pattern, one after another, to their ends; rotated ones first. */
export async function readPattern(source: InputSource, context: InputContext): Promise<ReadEnd> {
  let problems = 0;
  let compressed = 0;
  const onProblem = (path: string, error: unknown) => {
    problems++;
    context.say(`Cannot read "${path}": ${reasonOf(error)}`);
  };
  const onCompressed = () => void compressed++;
  const found = await listFiles(source, { ...context, onProblem, onCompressed });
  const files = found.filter((file) => file.isMeant);
  if (compressed > 0) {
    context.say(
      `Compressed files are not read: ${compressed} of "${source.text}" were left out`,
    );
  }
  for (const file of files) {
    const end = await readOne(file, context, onProblem);
    if (end === "stopped" || end === "refused") return end;
  }
  return problems > 0 ? "refused" : "end";
}

async function readOne(
  { path }: FoundFile,
  context: InputContext,
  onProblem: (path: string, error: unknown) => void,
): Promise<ReadEnd | undefined> {
  try {
    return await readTextFile(path, context);
  } catch (error) {
    if (!isGone(error)) onProblem(path, error);
    return undefined;
  }
}
