import { type Level, LEVEL_RANK, LEVELS } from "../record/level.ts";
import { originalOf } from "../record/original_method.ts";
import type { LogRecord } from "../record/record.ts";
import type { Batch, Sink, SinkResult } from "./sink.ts";

/**
 * A logger to hand records on to: one of ours, a console, a pino, or anything else with methods named by
 * levels. A level without a method uses that of the nearest lower one, or else of the nearest higher one;
 * `trace` of a console is left alone, since it prints a stack.
 */
export type ContextTarget = { readonly [Name in Level]?: (...args: never[]) => unknown };

/** How {@linkcode contextSink} calls its target. */
export interface ContextSinkOptions {
  /**
   * What the methods take: `logger` the message and then the fields; `console` the same, with no
   * placeholder of the message replaced; `pino` the fields and then the message.
   *
   * @default {told by the target: pino has bindings(), a console dir()}
   */
  readonly style?: "logger" | "console" | "pino";
  /** The name of a field that carries the time of the record; left out unless given. */
  readonly timeKey?: string;
}

type Emit = (record: LogRecord) => unknown;

/**
 * A sink that logs each record again with another logger, at its level: message and fields, with the
 * record's `logger`, `traceId` and `spanId` among the fields unless they are taken.
 *
 * Records are handed on in order; a promise is waited for. When the target throws, or returns false as a
 * logger of ours that refuses, this record and those behind it are sent again. The target must not write
 * to the pipeline it gets its records from.
 *
 * @throws {TypeError} If the target has no method named by a level
 * @throws {RangeError} If there is no such style
 *
 * @example
 * ```ts
 * import { contextSink, openPipeline } from "@logflume/logflume";
 *
 * const said: string[] = [];
 * const mine = { info: (msg: string) => said.push(msg), error: console.error };
 * {
 *   await using pipeline = await openPipeline({ sinks: { mine: contextSink(mine) } });
 *   pipeline.logger("shop").info("order placed", { order: 42 });
 * }
 * console.assert(said.join() === "order placed");
 * ```
 */
export function contextSink(target: ContextTarget, options: ContextSinkOptions = {}): Sink {
  const emit = emitter(target, options);
  return {
    order: "strict",
    async write(batch): Promise<void | SinkResult> {
      for (const [index, record] of batch.records().entries()) {
        try {
          const result = emit(record);
          // No wait without need: a process that ends in the midst of one logs the batch once more.
          if ((isPromiseLike(result) ? await result : result) === false) throw refusal();
        } catch (error) {
          // What was handed on is not handed on again; the next attempt tells of the error.
          if (index > 0) return { retry: [index] };
          throw error;
        }
      }
    },
    writeSync(batch: Batch): void {
      for (const record of batch.records()) if (emit(record) === false) throw refusal();
    },
  };
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

function refusal(): Error {
  return new Error("The target of a context sink refused a record: its method returned false");
}

function emitter(target: ContextTarget, { style, timeKey }: ContextSinkOptions): Emit {
  const kind = style ?? styleOf(target);
  const call = CALLS[kind];
  if (call === undefined) {
    throw new RangeError(
      `Unknown style "${style}" of a context sink: use ${Object.keys(CALLS).join(", ")}`,
    );
  }
  const names = methodNames(target, kind === "console" ? LEVELS.slice(1) : LEVELS);
  return ({ time, level, msg, fields, ...origin }) => {
    const all = { ...(timeKey === undefined ? {} : { [timeKey]: time }), ...origin, ...fields };
    const args = call(msg, Object.keys(all).length === 0 ? undefined : all);
    // Looked up each time: pino replaces its methods when its level changes. A console whose calls
    // become records is called past that, or each record would become another one.
    const method = (target as Record<Level, (...args: unknown[]) => unknown>)[names[level]];
    return originalOf(method).apply(target, args);
  };
}

/** The arguments of a method, by style. */
const CALLS: Readonly<Record<string, (msg: string, fields: object | undefined) => unknown[]>> = {
  logger: (msg, fields) => fields === undefined ? [msg] : [msg, fields],
  console: (msg, fields) => {
    if (fields === undefined) return [msg];
    return msg.includes("%") ? ["%s", msg, fields] : [msg, fields];
  },
  pino: (msg, fields) => fields === undefined ? [msg] : [fields, msg],
};

function styleOf(target: ContextTarget): "logger" | "console" | "pino" {
  const { bindings, dir } = Object(target) as { bindings?: unknown; dir?: unknown };
  if (typeof bindings === "function") return "pino";
  return typeof dir === "function" ? "console" : "logger";
}

/** Which method takes which level. */
function methodNames(target: ContextTarget, levels: readonly Level[]): Record<Level, Level> {
  const there = levels.filter((level) => typeof Object(target)[level] === "function");
  if (there.length === 0) {
    throw new TypeError(
      `Cannot log with this target, it has no method of a level: pass an object with some of ${
        LEVELS.join(", ")
      }`,
    );
  }
  const nameOf = (level: Level): Level =>
    there.findLast((name) => LEVEL_RANK[name] <= LEVEL_RANK[level]) ?? there[0]!;
  return Object.fromEntries(LEVELS.map((level) => [level, nameOf(level)])) as Record<Level, Level>;
}
