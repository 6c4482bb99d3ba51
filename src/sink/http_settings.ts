import { type Clock, systemClock } from "../clock.ts";
import { CONTENT_TYPES, type HttpFormat } from "./http_body.ts";
import { secretsIn, shownUrl } from "./http_text.ts";

/** Headers by name. */
export type HttpHeaders = Readonly<Record<string, string>>;

/** What sends a request: `fetch`, or what stands in its place. It must listen to `init.signal`. */
export type HttpFetch = (url: string, init: RequestInit) => Promise<Response>;

/** How {@linkcode httpSink} sends. */
export interface HttpSinkOptions {
  /**
   * Where to, `http:` or `https:`. A name and a password in it go out as basic authorization. Neither they
   * nor the query stand in any message.
   */
  readonly url: string | URL;
  /** The method. @default {"POST"} */
  readonly method?: "POST" | "PUT" | "PATCH";
  /** `ndjson`: one JSON line a record; `json`: one array of all. @default {"ndjson"} */
  readonly format?: HttpFormat;
  /** Whether bodies are compressed. @default {false} */
  readonly gzip?: boolean;
  /** Headers of your own; a function is asked before each request, such as for a token. @default {{}} */
  readonly headers?: HttpHeaders | (() => HttpHeaders | Promise<HttpHeaders>);
  /** How long a request may wait for its answer, in milliseconds. @default {30000} */
  readonly timeoutMs?: number;
  /** A batch with more bytes, before compression, goes out as several requests. @default {Infinity} */
  readonly maxBodyBytes?: number;
  /** The header that names the records, or false for none. @default {"logflume-sequence"} */
  readonly sequenceHeader?: string | false;
  /**
   * Redirects that one request follows, from 0 to 20: only 307 and 308, which keep method and body, and
   * only within the origin. Any other one parks the lane.
   *
   * @default {5}
   */
  readonly maxRedirects?: number;
  /** Statuses that park the lane until somebody steps in. @default {[401, 403, 407]} */
  readonly parkOn?: readonly number[];
  /** Statuses to send again, beside 408, 425, 429 and 5xx without 501 and 505. @default {[]} */
  readonly retryOn?: readonly number[];
  /** What sends a request. @default {fetch} */
  readonly fetch?: HttpFetch;
  /** Time. */
  readonly clock?: Clock;
}

/** The options, settled. */
export interface HttpSettings {
  /** Where to, without credentials. */
  readonly url: string;
  /** The same for people. */
  readonly shown: string;
  /** What must stand in no message. */
  readonly secrets: readonly string[];
  /** Basic authorization, from the URL. */
  readonly authorization: string | undefined;
  readonly method: string;
  readonly format: HttpFormat;
  readonly gzip: boolean;
  readonly headers: () => HttpHeaders | Promise<HttpHeaders>;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly sequenceHeader: string | false;
  readonly maxRedirects: number;
  readonly parkOn: readonly number[];
  readonly retryOn: readonly number[];
  readonly fetch: HttpFetch;
  readonly clock: Clock;
}

const METHODS = ["POST", "PUT", "PATCH"] as const;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Settles the options of a sink, and refuses what cannot work. */
export function httpSettings(options: HttpSinkOptions): HttpSettings {
  const { method = "POST", format = "ndjson", headers = {}, sequenceHeader } = options;
  assertOneOf("method", method, METHODS);
  assertOneOf("format", format, Object.keys(CONTENT_TYPES));
  const own = typeof headers === "function" ? headers : () => headers;
  if (typeof headers !== "function") fillHeaders(new Headers(), headers);
  const name = sequenceHeader ?? "logflume-sequence";
  if (name !== false && !TOKEN.test(name)) {
    throw new TypeError(`Cannot use sequenceHeader "${name}": give the name of a header, or false`);
  }
  return {
    ...addressOf(options.url),
    method,
    format,
    gzip: options.gzip ?? false,
    headers: own,
    timeoutMs: within("timeoutMs", options.timeoutMs ?? 30_000, 1, MAX_TIMER_MS),
    maxBodyBytes: within("maxBodyBytes", options.maxBodyBytes ?? Infinity, 1, Infinity),
    sequenceHeader: name,
    maxRedirects: within("maxRedirects", options.maxRedirects ?? 5, 0, 20),
    parkOn: options.parkOn ?? [401, 403, 407],
    retryOn: options.retryOn ?? [],
    // Looked up at each call, so that one that is put in its place later is used.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock: options.clock ?? systemClock,
  };
}

/**
 * Sets headers one by one, since the runtimes' own errors show the value, which may be a token.
 *
 * @throws {TypeError} If a name or a value is none
 */
export function fillHeaders(into: Headers, headers: HttpHeaders): Headers {
  for (const [name, value] of Object.entries(headers)) {
    try {
      into.set(name, value);
    } catch {
      throw new TypeError(
        `Cannot send the header ${
          JSON.stringify(name)
        }: its name or its value holds what no header ` +
          `may hold, such as a line break`,
      );
    }
  }
  return into;
}

type Address = Pick<HttpSettings, "url" | "shown" | "secrets" | "authorization">;

function addressOf(given: string | URL): Address {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new TypeError('An HTTP sink needs an absolute URL that begins with "http:" or "https:"');
  }
  const url = new URL(given);
  const { username, password } = url;
  const credentials = [decode(username), decode(password)];
  const authorization = username + password === "" ? undefined : basic(credentials.join(":"));
  const query = [...url.searchParams.values(), url.search.slice(1)];
  const texts = [...credentials, ...query, authorization ?? ""];
  url.username = url.password = url.hash = "";
  return { url: url.href, shown: shownUrl(url.href), secrets: secretsIn(texts), authorization };
}

/** A URL may hold a `%` that escapes nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 7617, in UTF-8. */
function basic(credentials: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(credentials)))}`;
}

function assertOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RangeError(`Unknown ${name} "${value}" of an HTTP sink: use ${allowed.join(", ")}`);
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max && (Number.isInteger(value) || value === Infinity)) return value;
  throw new RangeError(
    `Cannot use ${name} ${value}: allowed are whole numbers from ${min}` +
      `${max === Infinity ? "" : ` to ${max}`}`,
  );
}
