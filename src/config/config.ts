/**
 * A whole pipeline from one YAML file or a plain object.
 *
 * @example
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { loadConfig } from "@logflume/logflume/config";
 *
 * await using pipeline = await openPipeline(await loadConfig("logflume.yaml"));
 * pipeline.logger("shop").info("order placed", { order: 42 });
 * ```
 *
 * @module
 */
import { readEnv } from "../platform/env.ts";
import { buildConfig, type PipelineConfig } from "./build.ts";
import { check, type Source } from "./check.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { readConfigText } from "./read_file.ts";
import { type SinkTypes, sinkTypes } from "./sink_type.ts";
import { parseYaml } from "./yaml.ts";

export type { ListenSettings } from "./address.ts";
export type { HttpConfig, InputConfig, MetricsConfig, PipelineConfig } from "./build.ts";
export { configSchema } from "./json_schema.ts";
export { ConfigError, type ConfigProblem } from "./problem.ts";
export type { JsonSchema } from "./setting.ts";
export {
  registerSinkType,
  type SinkOptionsResult,
  type SinkOptionsSchema,
  type SinkType,
  type SinkTypes,
} from "./sink_type.ts";

/** How a configuration is read. */
export interface ConfigOptions {
  /**
   * The variables that `${NAME}` stands for; one that is empty counts as not set.
   *
   * @default {the environment of the process}
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Types of sinks, beside those that are built in and those of `registerSinkType`. */
  readonly sinkTypes?: SinkTypes;
}

/** How a plain object is read. */
export interface ParseConfigOptions extends ConfigOptions {
  /** What errors call the configuration. */
  readonly file?: string;
}

/** A configuration that came from a file. */
export interface LoadedConfig extends PipelineConfig {
  /** The file. */
  readonly file: string;
}

/**
 * Reads a YAML 1.2 file of at most 1 MiB in UTF-8, and makes the options of `openPipeline` out of it. An
 * empty file means all defaults. Nothing is opened, created or connected: that is for `openPipeline`.
 * Relative paths in it are those of the process, wherever the file is. Needs Deno's permission
 * `--allow-read` for the file and `--allow-env` for the variables that it names.
 *
 * @param file A path, or a `file:` URL
 *
 * @throws {ConfigError} If the file cannot be read, or anything in it is wrong; all of it at once
 *
 * @example
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { loadConfig } from "@logflume/logflume/config";
 *
 * const config = await loadConfig("logflume.yaml");
 * await using pipeline = await openPipeline(config);
 * for (const note of config.notes) console.warn(note);
 * ```
 */
export function loadConfig(
  file: string | URL,
  options: ConfigOptions = {},
): Promise<LoadedConfig> {
  return Promise.resolve().then(() => {
    const path = pathOf(file);
    const source = parseYaml(readConfigText(path), path);
    return { ...configOf(source, path, options), file: path };
  });
}

/**
 * Makes the options of `openPipeline` out of a plain object, such as any YAML, TOML or JSON parser gives.
 * Keys may be in snake_case or camelCase, sizes may be `64MiB`, durations `5s`, texts may hold `${NAME}`
 * or `${NAME:-default}`. Nothing is opened.
 *
 * @throws {ConfigError} If anything is wrong; all of it at once, without lines and columns
 *
 * @example
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 * import { parseConfig } from "@logflume/logflume/config";
 *
 * const config = parseConfig({
 *   level: "info",
 *   buffer: { size: 1000, backpressureStrategy: "drop" },
 *   sinks: { errors: { type: "console", stream: "stderr", level: "error" } },
 * });
 * await using pipeline = await openPipeline(config);
 * pipeline.logger("shop").info("order placed", { order: 42 });
 * ```
 */
export function parseConfig(value: unknown, options: ParseConfigOptions = {}): PipelineConfig {
  return configOf({ value }, options.file, options);
}

function configOf(
  source: Source,
  file: string | undefined,
  { env, sinkTypes: own }: ConfigOptions,
): PipelineConfig {
  const types = sinkTypes(own);
  const read = env === undefined
    ? readEnv
    : (name: string) => Object.hasOwn(env, name) ? env[name] : undefined;
  const { settings, problems, problemAt } = check(source, read, types.keys());
  const more: ConfigProblem[] = [];
  const config = buildConfig(settings, types, (path, message) => {
    more.push(problemAt(path, message));
  });
  if (problems.length + more.length > 0) throw new ConfigError([...problems, ...more], file);
  return config;
}

function pathOf(file: string | URL): string {
  if (typeof file === "string") return file;
  if (file.protocol !== "file:") {
    throw new TypeError(
      `Cannot read a configuration from "${file.protocol}": give a path or a file: URL`,
    );
  }
  // On Windows a slash stands before the drive.
  return decodeURIComponent(file.pathname).replace(/^\/(?=[A-Za-z]:)/, "");
}
