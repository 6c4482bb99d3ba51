import { shownUrl } from "../sink/http_text.ts";
import type { Settings } from "./schema.ts";
import type { SinkSettings } from "./sink_settings.ts";
import { isMapping } from "./variables.ts";

/**
 * What a configuration would run, a line each, for people. Of secrets it says no more than that they are
 * there, and of URLs neither password nor query.
 *
 * @param place Where the log is
 */
export function summaryOf(settings: Settings, place: string): string[] {
  const { sinks, output, inputs } = settings;
  const named = Object.entries(sinks ?? {}).map(([name, sink]) =>
    `sink ${name}: ${sinkText(sink)}`
  );
  const one = output === undefined ? "sink console: console" : `sink: ${output.path ?? "console"}`;
  return [
    ...(inputs?.files ?? []).map(({ paths = [], follow = true }) =>
      `input: ${paths.join(", ")}${follow ? ", followed" : ""}`
    ),
    ...(inputs?.stdin === true ? ["input: standard input"] : []),
    bufferText(settings),
    logText(settings, place),
    ...(named.length > 0 ? named : [one]),
    deliveryText(settings),
    deadLetterText(settings),
    ...servingTexts(settings),
  ];
}

function bufferText({ buffer = {} }: Settings): string {
  const { size = 10_000, backpressure_strategy = "block" } = buffer;
  return `buffer: ${size} records, when full ${backpressure_strategy}`;
}

function logText({ wal = {} }: Settings, place: string): string {
  if (place.startsWith("memory")) return `log: in ${place}; records are lost with the process`;
  const sync = wal.sync ?? (wal.sync_interval === undefined ? "always" : "interval");
  const every = sync === "interval" ? `, every ${wal.sync_interval ?? 500} ms` : "";
  return `log: ${place}, sync ${sync}${every}`;
}

function sinkText(sink: SinkSettings): string {
  const { type = "", level, order, fallback } = sink;
  const isFile = type === "file" || type === "sqlite";
  const to = type === "http" ? shownUrl(String(sink.url)) : isFile ? sink.path : undefined;
  const parts = [
    typeof to === "string" ? `${type} ${to}` : type,
    level === undefined ? undefined : `${level} and above`,
    order === undefined ? undefined : `order ${order}`,
    sink.token === undefined ? undefined : "token (hidden)",
    isMapping(sink.headers)
      ? `headers ${Object.keys(sink.headers).join(", ")} (hidden)`
      : undefined,
    fallback === undefined ? undefined : `else ${sinkText(fallback)}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function deliveryText({ worker_pool = {}, reliability = {} }: Settings): string {
  const { max_retries } = reliability.retry ?? {};
  const tries = max_retries === undefined || max_retries === Infinity
    ? "tries as each sink says"
    : `${max_retries + 1} tries`;
  const { enabled = true, failure_threshold = 6 } = reliability.circuit_breaker ?? {};
  const breaker = enabled
    ? `circuit breaker after ${failure_threshold} failures`
    : "no circuit breaker";
  return `delivery: ${worker_pool.num_workers ?? 8} workers, ${tries}, ${breaker}`;
}

function deadLetterText({ dead_letter = {} }: Settings): string {
  const { max_size = 10_000, max_age = 604_800_000 } = dead_letter;
  const count = max_size === Infinity ? "any number of" : max_size;
  return `dead letters: ${count} entries for ${max_age / 3_600_000} h`;
}

function servingTexts({ http, metrics }: Settings): string[] {
  const texts: string[] = [];
  if (http !== undefined && http.listen !== "off") {
    const { hostname, port } = http.listen ?? { hostname: "127.0.0.1", port: 8484 };
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const token = http.token === undefined ? "" : ", token (hidden)";
    texts.push(`http: ${host}:${port}${http.path ?? "/logs"}${token}`);
  }
  if (metrics !== undefined && metrics.enabled !== false) {
    texts.push(`metrics: ${metrics.path ?? "/metrics"}`);
  }
  return texts;
}
