/**
 * Turns what a program says by `console` into records: `captureConsole(pipeline.logger("console"))`.
 *
 * @module
 */
import { formatText } from "../platform/format_text.ts";
import { isError, thrownMessage } from "../record/json_value.ts";
import type { Level } from "../record/level.ts";
import { type ConsoleMethod, type Handled, type Handler, hook } from "./console_hook.ts";

export type { ConsoleMethod } from "./console_hook.ts";

/** A method of a logger that takes records of one level. */
export type ConsoleLogMethod = (
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => unknown;

/** What {@linkcode captureConsole} needs of a logger: one of ours, or anything with these methods. */
export type ConsoleLogger = {
  readonly [Name in Exclude<Level, "fatal">]: ConsoleLogMethod;
};

/** What is captured, and what becomes of it. */
export interface CaptureOptions {
  /** The methods. @default {debug, log, info, warn, error and trace} */
  readonly methods?: readonly ConsoleMethod[];
  /** Whether it is printed as well, as it would be without us. @default {false} */
  readonly passThrough?: boolean;
  /** The console. @default {globalThis.console} */
  readonly console?: Partial<Record<ConsoleMethod, (...args: never[]) => unknown>>;
}

/** The level of a method; `log` is `info`. */
const LEVEL_OF: Readonly<Record<ConsoleMethod, Exclude<Level, "fatal">>> = {
  debug: "debug",
  log: "info",
  info: "info",
  warn: "warn",
  error: "error",
  trace: "trace",
};
const METHODS = Object.keys(LEVEL_OF) as ConsoleMethod[];

/** How messages begin that this library has about itself. */
const OWN_VOICE = "logflume: ";

/**
 * Makes records of what is said by `console`, until the answer is disposed of. The message is the text
 * that the runtime would print, without colours; an Error among the arguments stands in it by its name
 * and message, and goes with its stack into the field `error` (further ones into `errors`); `trace`
 * carries its `stack`.
 *
 * What is said while a record is handed over, and what this library says about itself, is printed as if
 * nothing were captured, so there is no loop. The console sink writes past `console`, and so does a
 * context sink in front of it. Captures nest: the last one gets what is said, and they may end in any
 * order; when the last has ended, the console is what it was before.
 *
 * @throws {TypeError} If the logger lacks a method, or the console does
 * @throws {RangeError} If there is no such method
 *
 * @example Before: `console.log("order %d placed", 42)` prints a line that nobody keeps
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 * import { captureConsole } from "@logflume/logflume/console";
 *
 * await using pipeline = await openPipeline();
 * using _captured = captureConsole(pipeline.logger("console"));
 * console.log("order %d placed", 42);
 * ```
 */
export function captureConsole(logger: ConsoleLogger, options: CaptureOptions = {}): Disposable {
  const { methods = METHODS, passThrough = false, console = globalThis.console } = options;
  for (const method of methods) assertUsable(method, logger, console);
  let isLogging = false;
  const handlerOf = (method: ConsoleMethod): Handler => (args, print, above) => {
    const isOurs = typeof args[0] === "string" && args[0].startsWith(OWN_VOICE);
    if (isLogging || isOurs) return print();
    isLogging = true;
    try {
      logger[LEVEL_OF[method]](...recordOf(method, args, above));
    } catch {
      // A logger of ours does not throw; with another one the program must go on as with a console.
      print();
      return;
    } finally {
      isLogging = false;
    }
    if (passThrough) print();
  };
  const releases = [...new Set(methods)].map((method) => hook(console, method, handlerOf(method)));
  return {
    [Symbol.dispose](): void {
      for (const release of releases) release();
    },
  };
}

function assertUsable(method: ConsoleMethod, logger: unknown, console: unknown): void {
  const level = Object.hasOwn(LEVEL_OF, method) ? LEVEL_OF[method] : undefined;
  if (level === undefined) {
    throw new RangeError(
      `Cannot capture console.${String(method)}: use some of ${METHODS.join(", ")}`,
    );
  }
  if (typeof Object(logger)[level] !== "function") {
    throw new TypeError(
      `Cannot capture console.${method}, the logger has no ${level}(): pass pipeline.logger("console")`,
    );
  }
  if (typeof Object(console)[method] !== "function") {
    throw new TypeError(`Cannot capture console.${method}: this console has no such method`);
  }
}

/** What a logger takes for one call of a console. Never throws. */
function recordOf(
  method: ConsoleMethod,
  args: readonly unknown[],
  above: Handled,
): readonly [message: string, fields?: Readonly<Record<string, unknown>>] {
  const [error, ...errors] = args.filter(isError);
  const fields = {
    ...(error === undefined ? {} : { error }),
    ...(errors.length === 0 ? {} : { errors }),
    ...(method === "trace" ? { stack: stackOf(above) } : {}),
  };
  const text = textOf(args);
  return Object.keys(fields).length === 0 ? [text] : [text, fields];
}

/** Errors stand in the text by one line: their stacks are fields. */
function textOf(args: readonly unknown[]): string {
  try {
    return formatText(args.map((arg) => isError(arg) ? String(arg) : arg));
  } catch (thrown) {
    return `[Thrown: ${thrownMessage(thrown)}]`;
  }
}

/** The places in the program that led to a call of `console.trace`. */
function stackOf(above: Handled): string {
  const holder: { stack?: string } = {};
  (Error as unknown as StackTraces).captureStackTrace?.(holder, above);
  const lines = (holder.stack ?? String(new Error().stack)).split("\n");
  return lines.slice(1).map((line) => line.trim()).join("\n");
}

/** What V8 and JavaScriptCore have: leaves out of a stack what is above a function. */
interface StackTraces {
  captureStackTrace?(holder: { stack?: string }, above: Handled): void;
}
