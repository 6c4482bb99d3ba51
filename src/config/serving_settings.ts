/** Settings of what stands beside a pipeline: inputs, the HTTP server, the tail and the metrics. */
import { MIN_TOKEN_LENGTH } from "../tail/http/auth.ts";
import { address, type ListenSettings } from "./address.ts";
import { leaf, list, section, type Setting } from "./setting.ts";
import { duration, flag, oneOf, secret, size, text, whole } from "./value.ts";

/** Files that are followed. */
export interface FileInputSettings {
  readonly paths?: string[];
  readonly follow?: boolean;
  readonly checkpoint_path?: string;
  readonly checkpoint_interval?: number;
}

const READ_IN_LOG = "Taken, without effect: how far a file is read is kept in the log";
const NO_TRANSFORM =
  "lines are read as JSON where they are JSON, and changed only by code: see transform of openPipeline()";

const fileInput: Setting<FileInputSettings> = section("Files that are read", {
  paths: list("Paths, with * and ? in them where you like", text("A path", "paths")),
  follow: flag("Whether to wait for more at the end of a file (default true)"),
  checkpoint_path: text(READ_IN_LOG, "paths"),
  checkpoint_interval: duration(READ_IN_LOG),
}, {
  aliases: { path: "paths" },
  required: ["paths"],
  advice: { parser: NO_TRANSFORM, transforms: NO_TRANSFORM },
});

/** Where records come from beside the program itself. */
export interface InputSettings {
  readonly files?: FileInputSettings[];
  readonly stdin?: boolean;
}

/** Where records come from. */
export const inputsSection: Setting<InputSettings> = section(
  "Where records come from, for `logflume run`",
  { files: list("Files that are read", fileInput), stdin: flag("Standard input (default false)") },
  {
    advice: {
      http: "lines that are posted are taken by http.ingest",
      syslog: "there is no syslog input: let the syslog daemon write a file, and read that",
      kubernetes: "there is no Kubernetes input: read the files in /var/log/containers",
    },
  },
);

/** Lines that are posted. */
export interface IngestSettings {
  readonly enabled?: boolean;
  readonly max_body_bytes?: number;
}

/** The HTTP server. */
export interface HttpSettings {
  readonly listen?: ListenSettings | "off";
  readonly path?: string;
  readonly token?: string;
  readonly hosts?: string[];
  readonly origins?: string[];
  readonly max_clients?: number;
  readonly max_clients_per_address?: number;
  readonly ingest?: IngestSettings;
}

const urlPath = (description: string): Setting<string> =>
  leaf(description, {
    allowed: "paths that begin with a slash, such as /logs",
    read: (value) =>
      typeof value === "string" && /^\/[\w./~-]{0,255}$/.test(value) ? value : undefined,
    json: { type: "string", pattern: "^/" },
  });

/** The HTTP server. */
export const httpSection: Setting<HttpSettings> = section(
  "The live view and other routes, for `logflume run`",
  {
    listen: address("Where it listens (default 127.0.0.1:8484)"),
    path: urlPath("The path of the live tail (default /logs)"),
    token: secret(
      `Readers and posters must send it; ${MIN_TOKEN_LENGTH} characters at least`,
      MIN_TOKEN_LENGTH,
    ),
    hosts: list("Host names under which it may be asked, besides loopback names", text("A name")),
    origins: list("Origins of other pages that may read it", text("An origin")),
    max_clients: whole("Readers at once (default 64)", { min: 1 }),
    max_clients_per_address: whole("Readers at once from one address (default 8)", { min: 1 }),
    ingest: section("Lines that are posted to <path>/ingest", {
      enabled: flag("Whether they are taken (default true where this section stands)"),
      max_body_bytes: size("The most bytes of one request (default 4MiB)", { min: 1 }),
    }),
  },
  { aliases: { address: "listen" } },
);

/** Figures for Prometheus. */
export interface MetricsSettings {
  readonly enabled?: boolean;
  readonly path?: string;
  readonly address?: ListenSettings | "off";
}

/** Figures for Prometheus. */
export const metricsSection: Setting<MetricsSettings> = section(
  "Figures for Prometheus, for `logflume run`",
  {
    enabled: flag("Whether they are served (default true where this section stands)"),
    path: urlPath("Their path (default /metrics)"),
    address: address("A server of their own; without it they stand at http.listen"),
  },
  { aliases: { listen: "address" } },
);

/** The live tail's ring. */
export interface TailSettings {
  readonly max_bytes?: number;
  readonly keep_bytes?: number;
}

/** The live tail's ring. */
export const tailSection: Setting<TailSettings> = section("The live tail's ring in memory", {
  max_bytes: size("The most bytes kept (default 16KiB, 4MiB once it is shown)", { min: 256 }),
  keep_bytes: size("What is left when max_bytes is passed (default half of it)", { min: 128 }),
});

/** What other systems say about themselves. */
export interface LoggingSettings {
  readonly level?: string;
  readonly format?: "json" | "console";
}

/** What other systems say about themselves. */
export const loggingSection: Setting<LoggingSettings> = section(
  "Taken, without effect: what the pipeline says about itself goes to standard error",
  {
    level: oneOf("Without effect", ["trace", "debug", "info", "warn", "error", "fatal"]),
    format: oneOf("Without effect", ["json", "console"]),
  },
);
