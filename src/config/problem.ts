/** Keys and indices that lead to a value. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where in the configuration, such as `sinks.api.url`; empty for the whole of it. */
  readonly path: string;
  /** The line in the file, from 1; undefined without a file. */
  readonly line: number | undefined;
  /** The column in that line, from 1; undefined without a file. */
  readonly column: number | undefined;
  /** What is wrong and what is allowed. */
  readonly message: string;
}

/**
 * A configuration cannot be used. The message has a line for each problem:
 * `file:line:column path: what is wrong, what is allowed`. It holds no secret: of a value that comes from
 * the environment it shows the reference, and of tokens, headers and URLs nothing.
 */
export class ConfigError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "ConfigError";
  /** The file, as it was named; undefined for a plain object. */
  readonly file: string | undefined;
  /** All that is wrong, in the order of the file. */
  readonly problems: readonly ConfigProblem[];
  /** Says everything that is wrong, a line each. */
  constructor(problems: readonly ConfigProblem[], file: string | undefined) {
    const sorted = problems.toSorted(byPlace);
    super(sorted.map((problem) => lineOf(problem, file)).join("\n"));
    this.problems = sorted;
    this.file = file;
  }
}

/** A path as people write it: `inputs.files[0].paths`. */
export function pathText(path: ConfigPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(cutTo(step, 60))}]`;
  }
  return text;
}

/** A text, or its beginning. */
export function cutTo(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars)}...`;
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function lineOf({ path, line, column, message }: ConfigProblem, file: string | undefined): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  const where = [place, path].filter((part) => part !== "").join(" ");
  if (where !== "") return `${where}: ${message}`;
  return message.charAt(0).toUpperCase() + message.slice(1);
}
