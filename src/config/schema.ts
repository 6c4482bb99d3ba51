/** The whole of a configuration. */
import type { Level } from "../record/level.ts";
import {
  poolSection,
  type PoolSettings,
  reliabilitySection,
  type ReliabilitySettings,
} from "./delivery_settings.ts";
import {
  httpSection,
  type HttpSettings,
  type InputSettings,
  inputsSection,
  loggingSection,
  type LoggingSettings,
  metricsSection,
  type MetricsSettings,
  tailSection,
  type TailSettings,
} from "./serving_settings.ts";
import { map, section, type Setting } from "./setting.ts";
import { sinkSetting, type SinkSettings } from "./sink_settings.ts";
import {
  bufferSection,
  type BufferSettings,
  deadLetterSection,
  type DeadLetterSettings,
  storeSection,
  type StoreSettings,
  walSection,
  type WalSettings,
} from "./storage_settings.ts";
import { duration, flag, level, oneOf, size, text } from "./value.ts";

/** What other systems call the one place where records go. */
export interface OutputSettings {
  readonly type?: "stdout" | "stderr" | "console" | "file";
  readonly path?: string;
}

/** A configuration whose values were checked, in the words of the file. */
export interface Settings {
  readonly level?: Level;
  readonly mode?: "async" | "sync";
  readonly on_store_failure?: "throw" | "memory";
  readonly max_record_bytes?: number;
  readonly handle_signals?: boolean;
  readonly drain_timeout?: number;
  readonly inputs?: InputSettings;
  readonly buffer?: BufferSettings;
  readonly wal?: WalSettings;
  readonly store?: StoreSettings;
  readonly worker_pool?: PoolSettings;
  readonly reliability?: ReliabilitySettings;
  readonly dead_letter?: DeadLetterSettings;
  readonly sinks?: Record<string, SinkSettings>;
  readonly output?: OutputSettings;
  readonly tail?: TailSettings;
  readonly http?: HttpSettings;
  readonly metrics?: MetricsSettings;
  readonly logging?: LoggingSettings;
}

const output: Setting<OutputSettings> = section("One sink, for files of other systems: see sinks", {
  type: oneOf("Where to (default stdout)", ["stdout", "stderr", "console", "file"]),
  path: text("With file: its path", "paths"),
}, {
  advice: {
    kafka: "there is no Kafka sink: write one, and name it with registerSinkType()",
    elasticsearch: "there is no Elasticsearch sink: write one, and name it with registerSinkType()",
    s3: "there is no S3 sink: write one, and name it with registerSinkType()",
    multi: "list the destinations under sinks, by names",
  },
});

const IN_CODE = "it is done in code: see transform of openPipeline()";

/** The setting of a whole configuration, with these types of sinks beside those that are built in. */
export function settingsOf(sinkTypes: Iterable<string> = []): Setting<Settings> {
  return section("A log pipeline: every setting may be left out", {
    level: level("Records below this level are left out (default trace)"),
    mode: oneOf("sync: a record is on the disk before the call returns (default async)", [
      "async",
      "sync",
    ]),
    on_store_failure: oneOf("When the log cannot be opened (default throw)", ["throw", "memory"]),
    max_record_bytes: size("A longer record is cut and marked (default 1MiB)", { min: 1024 }),
    handle_signals: flag("Write out what waits when a signal ends the process (default false)"),
    drain_timeout: duration("How long to wait for the sinks at the end (default 10s)"),
    inputs: inputsSection,
    buffer: bufferSection,
    wal: walSection,
    store: storeSection,
    worker_pool: poolSection,
    reliability: reliabilitySection,
    dead_letter: deadLetterSection,
    sinks: map("Where records go, by names; without any, to the console", sinkSetting(sinkTypes)),
    output,
    tail: tailSection,
    http: httpSection,
    metrics: metricsSection,
    logging: loggingSection,
  }, {
    aliases: { pool: "worker_pool", dead_letters: "dead_letter" },
    advice: {
      parser: IN_CODE,
      transforms: IN_CODE,
      tracing: "there is no tracing of its own: give records a traceId",
      profiling: "use the profiler of Deno, Bun or Node",
      performance: "the runtime has no such switches",
      health: "/health stands at http.listen",
    },
  });
}
