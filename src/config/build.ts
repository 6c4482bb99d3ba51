import type { PipelineOptions } from "../pipeline/options.ts";
import type { ListenSettings } from "./address.ts";
import { sinksOf } from "./lanes.ts";
import type { ConfigPath } from "./problem.ts";
import type { Settings } from "./schema.ts";
import type { SinkType } from "./sink_type.ts";
import { logOf } from "./store.ts";
import { summaryOf } from "./summary.ts";
import { withoutUndefined } from "./without_undefined.ts";

/** Files that are read. */
export interface InputConfig {
  /** Paths, with `*` and `?` as they were written. */
  readonly paths: readonly string[];
  /** Whether to wait for more at the end of a file. */
  readonly follow: boolean;
}

/** What is served over HTTP. */
export interface HttpConfig {
  /** Where to listen. */
  readonly listen: ListenSettings;
  /** The path of the live tail. */
  readonly path: string;
  /** What readers and posters must send; undefined if nobody has to. A secret: do not print it. */
  readonly token?: string;
  /** Host names under which it may be asked, besides loopback names. */
  readonly hosts?: readonly string[];
  /** Origins of other pages that may read it. */
  readonly origins?: readonly string[];
  /** Readers at once. */
  readonly maxClients?: number;
  /** Readers at once from one address. */
  readonly maxClientsPerAddress?: number;
  /** Whether lines may be posted, and how much of them. */
  readonly ingest?: { readonly maxBodyBytes?: number };
}

/** Figures for Prometheus. */
export interface MetricsConfig {
  /** Their path. */
  readonly path: string;
  /** Where to listen; undefined: with the rest, at `http.listen`. */
  readonly listen?: ListenSettings;
}

/** A pipeline's options, and what a configuration says beside them. */
export interface PipelineConfig extends PipelineOptions {
  /** Files to read, for a program that does. */
  readonly inputs: readonly InputConfig[];
  /** Whether to read standard input. */
  readonly stdin: boolean;
  /** What to serve; undefined where `http.listen` is `off` or nothing was said. */
  readonly http?: HttpConfig;
  /** Whether the configuration says that nothing is to be served. */
  readonly isHttpOff: boolean;
  /** Figures to serve; undefined: none. */
  readonly metrics?: MetricsConfig;
  /** For `append`: how long a call waits for room, in milliseconds. */
  readonly blockTimeoutMs?: number;
  /** For `close`: how long to wait for the sinks, in milliseconds. */
  readonly drainTimeoutMs?: number;
  /** Where the log is, for people. */
  readonly place: string;
  /** The folders that are the log's own: no place for inputs. */
  readonly folders: readonly string[];
  /** What would run, a line each, for people; without secrets. */
  readonly summary: readonly string[];
  /** Settings that were taken and do nothing here, a sentence each. */
  readonly notes: readonly string[];
}

/** Makes a pipeline's options out of settings that were checked. Opens nothing. */
export function buildConfig(
  settings: Settings,
  types: ReadonlyMap<string, SinkType>,
  report: (path: ConfigPath, message: string) => void,
): PipelineConfig {
  const log = logOf(settings, report);
  crossCheck(settings, log.isDurable, report);
  // A log with dead letters on a disk of their own is none that records can wait in without end.
  const maxAttempts = log.wal !== undefined && !log.isDurable ? 5 : undefined;
  const sinks = sinksOf(settings, { types, report, maxAttempts });
  const { inputs } = settings;
  return {
    ...withoutUndefined({
      sinks,
      wal: log.wal,
      level: settings.level,
      mode: settings.mode,
      onStoreFailure: settings.on_store_failure,
      maxRecordBytes: settings.max_record_bytes,
      handleSignals: settings.handle_signals,
      buffer: bufferOf(settings),
      pool: poolOf(settings),
      deadLetters: deadLettersOf(settings),
      tail: settings.tail && withoutUndefined({
        maxBytes: settings.tail.max_bytes,
        keepBytes: settings.tail.keep_bytes,
      }),
      http: httpOf(settings),
      metrics: metricsOf(settings),
      blockTimeoutMs: settings.buffer?.block_timeout,
      drainTimeoutMs: settings.drain_timeout,
    }),
    inputs: (inputs?.files ?? []).map(({ paths = [], follow = true }) => ({ paths, follow })),
    stdin: inputs?.stdin ?? false,
    isHttpOff: settings.http?.listen === "off",
    place: log.place,
    folders: log.folders,
    summary: summaryOf(settings, log.place),
    notes: notesOf(settings),
  };
}

/** What each value alone cannot tell. */
function crossCheck(
  settings: Settings,
  isDurable: boolean,
  report: (path: ConfigPath, message: string) => void,
): void {
  const { buffer = {}, worker_pool: pool = {}, wal = {}, tail = {}, inputs } = settings;
  const { size = 10_000 } = buffer;
  if ((buffer.min_size ?? 0) > size) {
    report(["buffer", "min_size"], `is more than size: allowed are whole numbers up to ${size}`);
  }
  if ((buffer.reserve ?? 0) >= (buffer.min_size ?? size)) {
    report(["buffer", "reserve"], "leaves no room for other levels: allowed is less than size");
  }
  const { num_workers = 8 } = pool;
  if ((pool.min_workers ?? 0) > num_workers) {
    report(
      ["worker_pool", "min_workers"],
      `is more than num_workers: allowed are whole numbers up to ${num_workers}`,
    );
  }
  if (wal.sync_interval !== undefined && (wal.sync ?? "interval") !== "interval") {
    report(
      ["wal", "sync_interval"],
      `does nothing with sync: ${wal.sync}: leave it out, or write sync: interval`,
    );
  }
  if ((tail.keep_bytes ?? 0) > (tail.max_bytes ?? Infinity)) {
    report(["tail", "keep_bytes"], "is more than max_bytes: allowed is less");
  }
  if (settings.mode === "sync" && !isDurable) {
    report(["mode"], "sync needs a log on disk: switch wal on, or leave mode out");
  }
  if (settings.store !== undefined && settings.wal?.enabled === false) {
    report(["store"], "does nothing, since wal.enabled is false: leave one of them out");
  }
  if (settings.store?.type === "memory" && settings.wal !== undefined && wal.enabled !== false) {
    report(["store", "type"], "memory keeps no log: leave wal out, or use file or sqlite");
  }
  if (settings.sinks !== undefined && settings.output !== undefined) {
    report(["output"], "sinks say where records go already: leave one of them out");
  }
  if (settings.output?.type === "file" && settings.output.path === undefined) {
    report(["output"], '"path" is missing: give it the file');
  }
  for (const [i, { paths = [] }] of (inputs?.files ?? []).entries()) {
    if (paths.length === 0) {
      report(["inputs", "files", i, "paths"], "is empty: give it a path or more");
    }
  }
}

function bufferOf({ buffer }: Settings): PipelineOptions["buffer"] | undefined {
  if (buffer === undefined) return undefined;
  const { size, min_size } = buffer;
  return withoutUndefined({
    capacity: min_size === undefined ? size : { min: min_size, max: size ?? 10_000 },
    maxBytes: buffer.max_bytes,
    overflow: buffer.backpressure_strategy,
    sampleEvery: buffer.sample_rate,
    reserve: buffer.reserve,
    maxWaiters: buffer.max_waiters,
  });
}

function poolOf({ worker_pool: pool }: Settings): PipelineOptions["pool"] | undefined {
  return pool && withoutUndefined({ min: pool.min_workers, max: pool.num_workers });
}

function deadLettersOf(
  { dead_letter: given }: Settings,
): PipelineOptions["deadLetters"] | undefined {
  return given && withoutUndefined({
    maxEntries: given.max_size,
    maxBytes: given.max_bytes,
    maxAgeMs: given.max_age,
    maxReplays: given.max_replays,
    onFull: given.on_full,
  });
}

function httpOf({ http }: Settings): HttpConfig | undefined {
  if (http === undefined || http.listen === "off") return undefined;
  const ingest = http.ingest === undefined || http.ingest.enabled === false
    ? undefined
    : withoutUndefined({ maxBodyBytes: http.ingest.max_body_bytes });
  return {
    listen: http.listen ?? { hostname: "127.0.0.1", port: 8484 },
    path: http.path ?? "/logs",
    ...withoutUndefined({
      token: http.token,
      hosts: http.hosts,
      origins: http.origins,
      maxClients: http.max_clients,
      maxClientsPerAddress: http.max_clients_per_address,
      ingest,
    }),
  };
}

function metricsOf({ metrics }: Settings): MetricsConfig | undefined {
  if (metrics === undefined || metrics.enabled === false || metrics.address === "off") {
    return undefined;
  }
  const { path = "/metrics", address } = metrics;
  return { path, ...withoutUndefined({ listen: address }) };
}

function notesOf(
  { wal = {}, worker_pool = {}, dead_letter = {}, logging, inputs }: Settings,
): string[] {
  const notes: (string | false)[] = [
    wal.compaction_policy !== undefined &&
    "wal.compaction_policy does nothing here: segments go when every sink has what is in them",
    worker_pool.queue_size !== undefined &&
    "worker_pool.queue_size does nothing here: what waits is in the log, and each sink reads on there",
    worker_pool.enable_stealing !== undefined &&
    "worker_pool.enable_stealing does nothing here: a free worker takes what any sink has ready",
    dead_letter.enabled === false &&
    "dead_letter.enabled: false does nothing here: records that are given up are always kept, within its limits",
    dead_letter.flush_interval !== undefined &&
    "dead_letter.flush_interval does nothing here: an entry is durable before its record is let go",
    logging !== undefined &&
    "logging does nothing here: what the pipeline says about itself goes to standard error",
    inputs?.files?.some((file) =>
        file.checkpoint_path !== undefined || file.checkpoint_interval !== undefined
      ) === true &&
    "inputs.files: checkpoint_path and checkpoint_interval do nothing here: the log knows how far a file is read",
  ];
  return notes.filter((note) => note !== false);
}
