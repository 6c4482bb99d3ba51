/** Settings of sinks: those that every sink has, and those of the types that are built in. */
import type { Level } from "../record/level.ts";
import {
  breakerSection,
  type BreakerSettings,
  retrySection,
  type RetrySettings,
} from "./delivery_settings.ts";
import { choice, type Entries, leaf, section, type Setting } from "./setting.ts";
import { BUILT_IN_OPTIONS, type SinkOptions } from "./sink_options.ts";
import { didYouMean } from "./suggest.ts";
import { countOrUnlimited, duration, level, MAX_TIMER_MS, oneOf, size, whole } from "./value.ts";

/** How much goes out at once. */
export interface BatchSettings {
  readonly max_records?: number;
  readonly max_bytes?: number;
  readonly max_age?: number;
}

/** What every sink has. */
export interface LaneSettings {
  readonly type?: string;
  readonly level?: Level;
  readonly order?: "strict" | "none";
  readonly batch?: BatchSettings;
  readonly concurrency?: number;
  readonly call_timeout?: number;
  readonly grace?: number;
  readonly retry?: RetrySettings;
  readonly circuit_breaker?: BreakerSettings;
  readonly fallback?: SinkSettings;
  readonly from?: "now" | "start" | number;
}

/** A sink: what every one has, and the options of its type. */
export interface SinkSettings extends LaneSettings {
  readonly [option: string]: unknown;
}

const LANE_ENTRIES: Omit<Entries<LaneSettings>, "type" | "fallback"> = {
  level: level("Records below this level are left out (default trace)"),
  order: oneOf("What is kept in order (default: as the type does)", ["strict", "none"]),
  batch: section("How much goes out at once", {
    max_records: countOrUnlimited("Records (default 1000)", { min: 1 }),
    max_bytes: size("Bytes (default 256KiB)", { min: 1 }),
    max_age: duration("How long a record may wait for others to go with it (default 0)", {
      max: MAX_TIMER_MS,
    }),
  }),
  concurrency: whole("Batches in flight at once, without order (default 4)", { min: 1, max: 1000 }),
  call_timeout: duration("The longest call (default worker_pool.job_timeout, else 60s)", {
    min: 1,
    max: MAX_TIMER_MS,
  }),
  grace: duration("How long a call that was aborted holds its place (default 5s)", {
    max: MAX_TIMER_MS,
  }),
  retry: retrySection,
  circuit_breaker: breakerSection,
  from: leaf("Where a new sink begins: now, start, or a sequence number (default now)", {
    allowed: '"now", "start" and sequence numbers',
    read: (value) =>
      value === "now" || value === "start" || (Number.isSafeInteger(value) && Number(value) >= 0)
        ? value as "now" | "start" | number
        : undefined,
    json: { anyOf: [{ enum: ["now", "start"] }, { type: "integer", minimum: 0 }] },
    names: ["now", "start"],
    fromText: "number",
  }),
};

/** Names that every sink has. */
export const LANE_NAMES: readonly string[] = ["type", "fallback", ...Object.keys(LANE_ENTRIES)];

const ALIASES = { breaker: "circuit_breaker", reopen_on_sighup: "reopen_on_hangup" };

/** Where a type has one of these, a sink cannot do without. */
const REQUIRED = ["path", "url"];

/** What JSON Schema says of `type`, and the reader takes: one name. */
function typeOf(name: string): Setting<string> {
  return leaf(`The type: ${name}`, {
    allowed: `"${name}"`,
    read: (value) => value === name ? name : undefined,
    json: { const: name },
  });
}

/**
 * A sink, of a type that is built in or of one of these names. Of the latter all that a sink does not have
 * in any case is left as it is.
 */
export function sinkSetting(custom: Iterable<string> = []): Setting<SinkSettings> {
  const sections = new Map<string, Setting<SinkSettings>>();
  const add = (name: string, options: SinkOptions, isOpen: boolean): void => {
    const entries = { type: typeOf(name), ...LANE_ENTRIES, fallback: sink, ...options };
    const required = Object.keys(options).filter((key) => REQUIRED.includes(key));
    const rules = { aliases: ALIASES, required, isOpen };
    const description = `A sink of the type ${name}`;
    sections.set(name, section(description, entries as unknown as Entries<SinkSettings>, rules));
  };
  const sink: Setting<SinkSettings> = choice("Where records go", {
    choose: (value) => sections.get(typeName(value)) ?? noSuchType(value, [...sections.keys()]),
    known: () => [...sections.values()],
  });
  for (const [name, options] of Object.entries(BUILT_IN_OPTIONS)) add(name, options, false);
  for (const name of custom) add(name, {}, true);
  return sink;
}

function typeName(value: unknown): string {
  const { type } = (value ?? {}) as { readonly type?: unknown };
  return typeof type === "string" ? type : "";
}

function noSuchType(value: unknown, names: readonly string[]): string {
  const allowed = names.map((name) => `"${name}"`).join(", ");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return `allowed is a mapping with a type: one of ${allowed}`;
  }
  const type = typeName(value);
  if (type === "") return `a sink needs a type: allowed are ${allowed}`;
  return `there is no sink type ${JSON.stringify(type.slice(0, 60))}: allowed are ${allowed}` +
    didYouMean(type, names);
}
