/** Options of the types of sinks that are built in. */
import { millisecondsOf } from "./quantity.ts";
import { leaf, list, map, section, type Setting } from "./setting.ts";
import { duration, flag, MAX_TIMER_MS, oneOf, secret, size, text, whole } from "./value.ts";

/** Options of a type by their names. */
export type SinkOptions = Readonly<Record<string, Setting<unknown>>>;

/** `hour`, `day` or a duration. */
const every = leaf<"hour" | "day" | number>(
  "A new file for each hour, day or stretch of time (UTC)",
  {
    allowed: '"hour", "day" and durations from 1s, such as 15m',
    read: (value) => {
      if (value === "hour" || value === "day") return value;
      const ms = millisecondsOf(value);
      return ms !== undefined && Number.isSafeInteger(ms) && ms >= 1000 ? ms : undefined;
    },
    json: { type: ["string", "integer"] },
    names: ["hour", "day"],
  },
);

const url = leaf<string>(
  "Where to: an http: or https: URL. Its password and query are never shown",
  {
    allowed: 'absolute URLs that begin with "http:" or "https:"',
    read: (value) =>
      typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
        ? value
        : undefined,
    json: { type: "string", minLength: 1 },
    isSecret: true,
  },
);

const statuses = (description: string): Setting<number[]> =>
  list(description, whole("A status", { min: 300, max: 599 }));

/** Options by type; the names are those of the types that are built in. */
export const BUILT_IN_OPTIONS: Readonly<Record<string, SinkOptions>> = {
  console: {
    stream: oneOf("Where to (default stdout)", ["stdout", "stderr"]),
    format: oneOf("pretty: for people; auto: pretty on a terminal, else json (default auto)", [
      "pretty",
      "json",
      "auto",
    ]),
    color: leaf<boolean | "auto">("Colours in pretty lines (default auto)", {
      allowed: 'true, false, "auto"',
      read: (value) => typeof value === "boolean" || value === "auto" ? value : undefined,
      json: { enum: [true, false, "auto"] },
      names: ["auto"],
      fromText: "boolean",
    }),
  },
  file: {
    path: text("The file; it and its folders are created", "paths"),
    durable: flag("Whether what was delivered survives a power cut (default true)"),
    strategy: oneOf("How batches go out (default block)", ["block", "mapped"]),
    reopen_on_hangup: flag("Look at the path on SIGHUP (default false)"),
    max_bytes: size("The most bytes of one file: beyond it is rotated (default: no limit)", {
      min: 1,
    }),
    every,
    keep: section("Which rotated files stay (default: all)", {
      count: whole("So many"),
      age: duration("For so long"),
      bytes: size("So many bytes of all together"),
    }),
    gzip: flag("Whether rotated files are compressed (default false)"),
  },
  http: {
    url,
    method: oneOf("The method (default POST)", ["POST", "PUT", "PATCH"]),
    format: oneOf("ndjson: a line a record; json: an array (default ndjson)", ["ndjson", "json"]),
    gzip: flag("Whether bodies are compressed (default false)"),
    headers: map("Headers of your own; their values are never shown", secret("A value")),
    token: secret("Goes out as `Authorization: Bearer ...`; never shown"),
    timeout: duration("How long a request may wait for its answer (default 30s)", {
      min: 1,
      max: MAX_TIMER_MS,
    }),
    max_body_bytes: size("A batch with more bytes goes out as several requests", { min: 1 }),
    sequence_header: leaf<string | false>("The header that names the records, or false for none", {
      allowed: "names of headers, and false",
      read: (value) =>
        value === false || (typeof value === "string" && /^[\w!#$%&'*+.^`|~-]{1,100}$/.test(value))
          ? value
          : undefined,
      json: { type: ["string", "boolean"] },
    }),
    max_redirects: whole("Redirects that one request follows (default 5)", { max: 20 }),
    park_on: statuses("Statuses that park the sink (default 401, 403, 407)"),
    retry_on: statuses("Statuses to send again, beside 408, 425, 429 and 5xx"),
  },
  sqlite: {
    path: text("The SQLite file", "paths"),
    max_rows: whole("Rows; the oldest go first (default: no limit)", { min: 1 }),
    max_age: duration("Records go when they are so old (default: never)", { min: 1 }),
  },
};
