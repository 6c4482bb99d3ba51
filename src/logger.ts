import { fieldsFrom, fieldsSnapshot, mergeFields } from "./record/fields.ts";
import { isError, thrownMessage, toJsonValue } from "./record/json_value.ts";
import { isLevel, type Level, LEVEL_RANK, LEVELS } from "./record/level.ts";
import type { Fields } from "./record/record.ts";
import { createScope, type LoggerScope, type Origin } from "./record/scope.ts";

/** A message that is only worked out when its level is wanted; fields may come with it. */
export type LazyMessage = () => string | Error | readonly [message: string | Error, fields: Fields];

/** What a logging method takes first. An Error gives its message, and itself as `fields.error`. */
export type LogMessage = string | Error | LazyMessage;

/**
 * Writes one record. Never waits and never throws, whatever it is given. Returns true if the record was
 * accepted or its level is not wanted, false if it was refused.
 */
export type LogMethod = (message: LogMessage, fields?: Fields) => boolean;

/** Writes records with one name and one set of bound fields. Its methods need no `this`. */
export interface Logger {
  /** Writes a record of level `trace`. */
  readonly trace: LogMethod;
  /** Writes a record of level `debug`. */
  readonly debug: LogMethod;
  /** Writes a record of level `info`. */
  readonly info: LogMethod;
  /** Writes a record of level `warn`. */
  readonly warn: LogMethod;
  /** Writes a record of level `error`. */
  readonly error: LogMethod;
  /** Writes a record of level `fatal`. */
  readonly fatal: LogMethod;
  /**
   * A logger whose records carry these fields too. They are copied now; a field of a single record wins
   * over a bound one. A `traceId` of 32 and a `spanId` of 16 hexadecimal digits go to the record's own
   * places.
   */
  with(fields: Fields): Logger;
  /** A logger with the same fields whose name is this one's, a dot, and `name`. */
  child(name: string): Logger;
  /** The lowest level that is wanted now. */
  readonly level: Level;
  /** Tells whether a record of this level would be wanted now. */
  isEnabled(level: Level): boolean;
}

/** Where a logger hands its records to. */
export interface LogTarget {
  /** The rank of the lowest level that is wanted; asked for at every call. */
  readonly threshold: number;
  /** Takes one record; true if it was accepted. Must not throw. */
  emit(level: Level, msg: string, scope: LoggerScope, fields?: Fields): boolean;
}

/** Creates a logger that writes to `target`; `name` and `fields` go into each of its records. */
export function createLogger(target: LogTarget, name?: string, fields?: Fields): Logger {
  const origin: Origin = name === undefined || name === "" ? {} : { logger: textOf(name) };
  return loggerOf(target, bind(createScope(origin), fields));
}

/** Functions of their own for each logger, so that `promise.catch(log.error)` works. */
function loggerOf(target: LogTarget, scope: LoggerScope): Logger {
  const method = (level: Level): LogMethod => {
    const rank = LEVEL_RANK[level];
    return (message, fields) =>
      rank < target.threshold ||
      (typeof message === "string"
        ? target.emit(level, message, scope, fieldsFrom(fields))
        : emitOther(target, level, scope, message, fields));
  };
  return {
    trace: method("trace"),
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
    fatal: method("fatal"),
    with: (fields) => loggerOf(target, bind(scope, fields)),
    child: (name) => loggerOf(target, rename(scope, name)),
    get level() {
      return LEVELS.find((level) => LEVEL_RANK[level] >= target.threshold) ?? "fatal";
    },
    isEnabled: (level) => isLevel(level) && LEVEL_RANK[level] >= target.threshold,
  };
}

/** Everything that is no plain text: an Error, a function, and what a type check did not stop. */
function emitOther(
  target: LogTarget,
  level: Level,
  scope: LoggerScope,
  message: unknown,
  fields: unknown,
): boolean {
  const [said, more] = typeof message === "function"
    ? callLazy(message as () => unknown)
    : [message, undefined];
  let all = fieldsFrom(fields);
  if (more !== undefined) all = mergeFields(all, fieldsFrom(more));
  if (!isError(said)) return target.emit(level, textOf(said), scope, all);
  all = mergeFields(all, { error: toJsonValue(said) });
  return target.emit(level, errorText(said), scope, all);
}

/** A function that throws gives a record that says so: the place in the program is worth knowing. */
function callLazy(lazy: () => unknown): readonly [unknown, unknown?] {
  try {
    const said = lazy();
    return Array.isArray(said) ? [said[0], said[1]] : [said];
  } catch (thrown) {
    return [`Message function threw: ${thrownMessage(thrown)}`, { error: toJsonValue(thrown) }];
  }
}

function errorText(error: Error): string {
  try {
    return String(error.message) || String(error.name);
  } catch (thrown) {
    return `[Thrown: ${thrownMessage(thrown)}]`;
  }
}

/** The text of any value: a string as it is, the rest in its JSON form. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const form = toJsonValue(value);
  return typeof form === "object" && form !== null ? JSON.stringify(form) : String(form);
}

const HEX_ID = /^[0-9a-f]+$/i;

function isHexId(value: unknown, digits: number): value is string {
  return typeof value === "string" && value.length === digits && HEX_ID.test(value);
}

/** Adds bound fields to a scope; ids of a trace move to the places a record has for them. */
function bind(scope: LoggerScope, fields: unknown): LoggerScope {
  if (fields === undefined || fields === null) return scope;
  const { traceId, spanId, ...rest } = fieldsSnapshot(fields);
  const bound = { ...scope.fields, ...rest };
  const origin: { -readonly [K in keyof Origin]: Origin[K] } = originOf(scope);
  if (isHexId(traceId, 32)) origin.traceId = traceId;
  else if (traceId !== undefined) bound.traceId = traceId;
  if (isHexId(spanId, 16)) origin.spanId = spanId;
  else if (spanId !== undefined) bound.spanId = spanId;
  return createScope(origin, bound);
}

function rename(scope: LoggerScope, name: unknown): LoggerScope {
  const last = textOf(name);
  if (last === "") return scope;
  const logger = scope.logger === undefined ? last : `${scope.logger}.${last}`;
  return createScope({ ...originOf(scope), logger }, scope.fields);
}

function originOf(scope: LoggerScope): Origin {
  const { logger, traceId, spanId } = scope;
  return {
    ...(logger !== undefined ? { logger } : {}),
    ...(traceId !== undefined ? { traceId } : {}),
    ...(spanId !== undefined ? { spanId } : {}),
  };
}
