/** What went wrong at the last attempt. */
export interface DeadLetterError {
  /** The kind of error, as its `name` tells it. */
  readonly name: string;
  /** What it says, cut to 2,000 characters. */
  readonly message: string;
  /** Where it was thrown: up to eight lines, without the message where the runtime repeats it. */
  readonly stack?: string;
  /** The status of the answer, where there was one (HTTP). */
  readonly status?: number;
  /** What caused it, up to four causes deep, without stacks; later causes are left out. */
  readonly cause?: DeadLetterError;
}

const MAX_NAME_CHARS = 200;
const MAX_MESSAGE_CHARS = 2_000;
const MAX_STACK_CHARS = 4_000;
const MAX_STACK_LINES = 8;
/** A chain of causes may lead back to itself. */
const MAX_CAUSES = 4;

type Parts = Readonly<Record<string, unknown>>;

/**
 * What an entry keeps of whatever was thrown. Never throws: an error that cannot be read must not keep its
 * record from being stored.
 */
export function describeError(error: unknown): DeadLetterError {
  try {
    const { stack, message } = partsOf(error);
    const told = chainOf(error, MAX_CAUSES);
    return typeof stack === "string" && stack !== ""
      ? { ...told, stack: cutStack(stack, typeof message === "string" ? message : "") }
      : told;
  } catch {
    return { name: "Error", message: "What was thrown cannot be read" };
  }
}

function chainOf(error: unknown, causesLeft: number): DeadLetterError {
  const { name, message, code, status, cause } = partsOf(error);
  const says = typeof message === "string" ? message : String(error);
  // Some errors of the runtimes say nothing but their code, such as ECONNREFUSED.
  const told = says === "" && typeof code === "string" ? code : says;
  return {
    name: typeof name === "string" && name !== "" ? cut(name, MAX_NAME_CHARS) : "Error",
    message: cut(told, MAX_MESSAGE_CHARS),
    ...(typeof status === "number" ? { status } : {}),
    ...(cause === undefined || cause === null || causesLeft === 0
      ? {}
      : { cause: chainOf(cause, causesLeft - 1) }),
  };
}

function partsOf(error: unknown): Parts {
  return (error ?? {}) as Parts;
}

/** V8 begins a stack with name and message, which may be long; what counts comes behind them. */
function cutStack(stack: string, message: string): string {
  const head = message === "" ? -1 : stack.indexOf(message);
  const lineStart = head < 0 ? 0 : stack.indexOf("\n", head + message.length) + 1;
  const places = lineStart === 0 ? stack : stack.slice(lineStart);
  const lines = places.split("\n").slice(0, MAX_STACK_LINES).map((line) => line.trim());
  return cut(lines.join("\n"), MAX_STACK_CHARS);
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 3)}...`;
}
