import type { SinkLike } from "../sink/sink.ts";
import { BUILT_IN_OPTIONS } from "./sink_options.ts";

/** What a check says: the value, or what is wrong with it. */
export type SinkOptionsResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | {
    readonly issues: readonly {
      readonly message: string;
      readonly path?:
        | readonly (string | number | symbol | { readonly key: string | number | symbol })[]
        | undefined;
    }[];
  };

/**
 * A check of a sink's options in the form of Standard Schema 1 (https://standardschema.dev), which
 * Valibot, Zod and ArkType speak. It must answer at once.
 */
export interface SinkOptionsSchema {
  /** The check. */
  readonly "~standard": {
    /** The version of the form. */
    readonly version: 1;
    /** Whose schema it is. */
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (value: unknown) => SinkOptionsResult | Promise<SinkOptionsResult>;
  };
}

/** How a sink of some type is made. */
export interface SinkType {
  /** Checks the options; without it `create` gets them as they stand in the file. */
  readonly schema?: SinkOptionsSchema;
  /**
   * Makes the sink from its options, which are those of the file without `type` and what every sink has
   * (level, order, batch, retry and so on). Opens nothing: that is for the sink's `open`.
   */
  readonly create: (options: Readonly<Record<string, unknown>>, name: string) => SinkLike;
}

/** Types by name. */
export type SinkTypes = Readonly<Record<string, SinkType>>;

/** Those that {@linkcode registerSinkType} was told of. */
const registered = new Map<string, SinkType>();

/**
 * Makes a type of sink known by its name to every configuration that is read from now on, in this process.
 * Where that is too wide, give the types to `loadConfig` or `parseConfig` as `sinkTypes`.
 *
 * @throws {RangeError} If the name is none, or another type has it
 *
 * @example
 * ```ts
 * import { parseConfig, registerSinkType } from "@logflume/logflume/config";
 *
 * registerSinkType("list", { create: () => (batch) => console.log(batch.count) });
 * const config = parseConfig({ sinks: { all: { type: "list", level: "warn" } } });
 * console.assert(Object.keys(config.sinks ?? {}).join() === "all");
 * ```
 */
export function registerSinkType(name: string, type: SinkType): void {
  assertSinkTypes({ [name]: type });
  if (registered.has(name)) {
    throw new RangeError(`There is a sink type "${name}" already: choose another name`);
  }
  registered.set(name, type);
}

/** The registered types and these, which go before. */
export function sinkTypes(own: SinkTypes = {}): ReadonlyMap<string, SinkType> {
  assertSinkTypes(own);
  return new Map([...registered, ...Object.entries(own)]);
}

function assertSinkTypes(types: SinkTypes): void {
  for (const [name, { create }] of Object.entries(types)) {
    if (Object.hasOwn(BUILT_IN_OPTIONS, name)) {
      throw new RangeError(`The sink type "${name}" is built in: choose another name`);
    }
    if (!/^[\w.-]{1,64}$/.test(name)) {
      throw new RangeError(
        `Cannot name a sink type ${JSON.stringify(name)}: allowed are 1 to 64 letters, digits, ` +
          "dots, dashes and underscores",
      );
    }
    if (typeof create !== "function") {
      throw new TypeError(`The sink type "${name}" needs a function "create" that makes the sink`);
    }
  }
}
