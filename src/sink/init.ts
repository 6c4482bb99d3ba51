import { createLogger, type Logger } from "../logger.ts";
import { systemClock } from "../clock.ts";
import { readEnv } from "../platform/env.ts";
import { createEncoder } from "../record/encode.ts";
import { assertLevel, type Level, LEVEL_RANK, LEVELS } from "../record/level.ts";
import type { Fields } from "../record/record.ts";
import type { LoggerScope } from "../record/scope.ts";
import { openLineWriter } from "./file_writer.ts";
import type { FileWriter } from "./file_writer_face.ts";
import {
  type FileWriterOptions,
  MODES,
  STRATEGIES,
  type WriterMode,
  type WriterStrategy,
} from "./file_writer_options.ts";

/** How {@linkcode init} logs. An option that is given wins over the variable of the environment. */
export interface InitOptions extends FileWriterOptions {
  /** Records below this level are left out. @default {LOGFLUME_LEVEL, else "trace"} */
  readonly level?: Level;
  /** How lines go out. @default {LOGFLUME_WRITER_TYPE, else "block"} */
  readonly strategy?: WriterStrategy;
  /** When lines go out. @default {LOGFLUME_WRITER_MODE, else "trigger"} */
  readonly mode?: WriterMode;
  /** The logger's name, which goes into each record. */
  readonly name?: string;
  /** Fields that go into each record. */
  readonly fields?: Fields;
  /** A longer record is cut and marked. @default {1048576} */
  readonly maxRecordBytes?: number;
}

/** A logger with its own file. */
export interface FileLogger extends Logger, Omit<FileWriter, "send"> {
  /** Sets the lowest level that is wanted, for this logger and those made from it. */
  setLevel(level: Level): void;
}

/**
 * Opens a file and gives a logger that writes to it, without a pipeline. Each record is one line of JSON
 * that starts with `{"time":`. What it promises is what {@linkcode openFileWriter} promises.
 *
 * The variables `LOGFLUME_LEVEL`, `LOGFLUME_WRITER_TYPE` (line, block, mapped) and `LOGFLUME_WRITER_MODE`
 * (trigger, loop, manual) stand in for options that are not given. On Deno they count if the program may
 * read them.
 *
 * @throws {RangeError | TypeError} If an option or a variable is out of range
 * @throws {Error} If the file cannot be opened
 *
 * @example
 * ```ts ignore
 * import { init } from "@logflume/logflume/sink/file";
 *
 * const log = init("app.log");
 * log.info("order placed", { order: 42, total: 99.5 });
 * ```
 */
export function init(path: string, options: InitOptions = {}): FileLogger {
  const { clock = systemClock, maxRecordBytes, name, fields } = options;
  const level = options.level ?? variable("LOGFLUME_LEVEL", LEVELS) ?? "trace";
  assertLevel(level);
  const strategy = options.strategy ?? variable("LOGFLUME_WRITER_TYPE", STRATEGIES) ?? "block";
  const mode = options.mode ?? variable("LOGFLUME_WRITER_MODE", MODES) ?? "trigger";
  const encoder = createEncoder(maxRecordBytes === undefined ? {} : { maxRecordBytes });
  const writer = openLineWriter(path, { ...options, strategy, mode });
  const target = {
    threshold: LEVEL_RANK[level],
    emit: (level: Level, msg: string, scope: LoggerScope, fields?: Fields): boolean =>
      writer.sendLine(encoder.line(level, clock.now(), msg, scope, fields)),
  };
  return Object.assign(createLogger(target, name, fields), {
    path,
    setLevel(level: Level): void {
      assertLevel(level);
      target.threshold = LEVEL_RANK[level];
    },
    trigger: () => writer.trigger(),
    sync: () => writer.sync(),
    reopen: () => writer.reopen(),
    stats: () => writer.stats(),
    close: () => writer.close(),
    [Symbol.asyncDispose]: () => writer.close(),
  });
}

/**
 * The value of a variable of the environment; undefined if it is not set.
 *
 * @throws {RangeError} If it is none of the allowed ones
 */
function variable<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  const value = readEnv(name);
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new RangeError(
    `The environment variable ${name} is "${value}": allowed are ${allowed.join(", ")}`,
  );
}
