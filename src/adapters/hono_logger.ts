/**
 * One record for each request that Hono answers: `app.use(requestLog(pipeline.logger("http")))`.
 *
 * @module
 */
import { type Clock, systemClock } from "../clock.ts";
import { thrownMessage } from "../record/json_value.ts";
import type { Fields } from "../record/record.ts";
import { watchBody } from "./hono_body.ts";
import { REQUEST_ID, requestIdOf, traceIdOf } from "./hono_request_id.ts";
import { createRedaction, type Redaction } from "./redaction.ts";

/** What {@linkcode requestLog} needs of a logger: one of ours, or anything with these methods. */
export interface RequestLogger {
  /** Writes a record of level `info`. */
  info(message: string, fields?: Fields): unknown;
  /** Writes a record of level `warn`. */
  warn(message: string, fields?: Fields): unknown;
  /** Writes a record of level `error`. */
  error(message: string, fields?: Fields): unknown;
  /** A logger whose records carry these fields too. */
  with(fields: Fields): RequestLogger;
}

/** What is used of Hono's context. */
export interface RequestLogContext {
  /** The request. */
  readonly req: {
    /** Its method. */
    readonly method: string;
    /** Its address, whole. */
    readonly url: string;
    /** As it came. */
    readonly raw: { readonly headers: Headers };
  };
  /** The response. */
  res: Response;
  /** What a handler threw. */
  error: Error | undefined;
  /** Keeps a value for the handlers behind. */
  set(key: never, value: never): void;
  /** Sets a header of the response. */
  header(name: string, value: string): void;
}

/** What {@linkcode requestLog} leaves for handlers, as the `Variables` of an application. */
export interface RequestLogVariables<L = RequestLogger> {
  /** The id of the request. */
  requestId: string;
  /** A logger whose records carry the id. */
  log: L;
}

/** What is logged of a request, and how. */
export interface RequestLogOptions {
  /** Requests that are not logged, such as health checks. They get their id and their logger as well. */
  readonly skip?: (c: RequestLogContext) => boolean;
  /** Further names of headers and query keys whose values are withheld, in any case. */
  readonly redact?: readonly string[];
  /** Further fields, asked for when the response begins. */
  readonly fields?: (c: RequestLogContext) => Fields;
  /** Makes the id of a request that brings none. @default {crypto.randomUUID} */
  readonly requestId?: () => string;
  /** Logs the headers of request and response, those with secrets withheld. @default {false} */
  readonly headers?: boolean;
  /**
   * When a request counts as answered: `headers` when its response begins, which for a stream of events
   * is at once; `body` when its last byte was taken or its client has gone, with the bytes counted.
   *
   * @default {"headers"}
   */
  readonly until?: "headers" | "body";
  /** What durations are measured by. @default {systemClock} */
  readonly clock?: Clock;
}

/** A middleware of Hono's. */
export type RequestLogMiddleware = (
  c: RequestLogContext,
  next: () => Promise<void>,
) => Promise<void>;

/** Longer addresses and names of programs are cut: a client must not decide how long a record is. */
const MAX_CHARS = 2048;

/**
 * A middleware of Hono's that logs each request once: `method`, `path`, `query`, `status`, `durationMs`,
 * `requestId`, `userAgent`, and `bytes` of the response where they are known. A status from 500 is an
 * `error`, with what was thrown as the field `error`; from 400 a `warn`; everything else `info`.
 *
 * The id comes from the header `x-request-id` if it is 1 to 128 letters, digits and `_ . : = + / @ -`, or
 * is made; it goes back in the same header. `c.get("requestId")` has it, and `c.get("log")` is a logger
 * whose records carry it, and the `traceId` of a W3C `traceparent`. Values of query keys such as `token`,
 * `password` or `code`, and of the headers `authorization`, `cookie`, `set-cookie`, `x-api-key` and the
 * like, are withheld.
 *
 * Never fails a request: what `skip` and `fields` throw is told in the record as `logError`.
 *
 * @throws {TypeError} If the logger lacks a method
 * @throws {RangeError} If `until` is neither `headers` nor `body`
 *
 * @example Before: `app.use(logger())`, with `logger` from `hono/logger`
 * ```ts
 * import { Hono } from "hono";
 * import { type Logger, openPipeline } from "@logflume/logflume";
 * import { requestLog, type RequestLogVariables } from "@logflume/logflume/hono-logger";
 *
 * await using pipeline = await openPipeline();
 * const app = new Hono<{ Variables: RequestLogVariables<Logger> }>();
 * app.use(requestLog(pipeline.logger("http")));
 * app.get("/", (c) => {
 *   c.get("log").info("looking");
 *   return c.text("hello");
 * });
 * await app.request("/");
 * ```
 */
export function requestLog(
  logger: RequestLogger,
  options: RequestLogOptions = {},
): RequestLogMiddleware {
  const { until = "headers", clock = systemClock, requestId = () => crypto.randomUUID() } = options;
  assertLogger(logger);
  if (until !== "headers" && until !== "body") {
    throw new RangeError(`Unknown until "${String(until)}" of a request log: use headers or body`);
  }
  const redaction = createRedaction(options.redact ?? []);
  return async (c, next) => {
    const request = askedOf(c, redaction, options.headers === true);
    const beganMs = clock.monotonic();
    const id = requestIdOf(c.req.raw.headers, requestId);
    const traceId = traceIdOf(c.req.raw.headers);
    const log = logger.with({ requestId: id, ...(traceId === undefined ? {} : { traceId }) });
    keep(c, { requestId: id, log });
    c.header(REQUEST_ID, id);
    const tell = (end: End): void => {
      const durationMs = Math.round((clock.monotonic() - beganMs) * 1000) / 1000;
      write(log, request, { durationMs, ...end });
    };
    try {
      await next();
    } catch (error) {
      // Not an Error, or no error handler: the server around it answers, mostly with a 500.
      const asked = more(c, options);
      if (asked !== undefined) tell({ status: 500, error, ...asked });
      throw error;
    }
    sendId(c, id);
    const answer = answerOf(c, redaction, options);
    if (answer === undefined) return;
    if (until === "headers" || c.res.body === null) return tell({ ...bytesOf(c.res), ...answer });
    c.res = watchBody(c.res, (end) => tell({ ...answer, ...end }));
  };
}

/** How an answer ended, in the words of the record. */
interface End {
  readonly status: number;
  readonly bytes?: number;
  readonly error?: unknown;
  readonly aborted?: boolean;
  readonly asked?: Fields;
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

function assertLogger(logger: RequestLogger): void {
  const missing = (["info", "warn", "error", "with"] as const)
    .find((name) => typeof Object(logger)[name] !== "function");
  if (missing === undefined) return;
  throw new TypeError(
    `Cannot log requests with this logger, it has no ${missing}(): pass pipeline.logger("http")`,
  );
}

/** Hono knows the keys of its own application only. */
function keep(c: RequestLogContext, variables: RequestLogVariables): void {
  const open = c as { set: unknown } as { set(key: string, value: unknown): void };
  open.set("requestId", variables.requestId);
  open.set("log", variables.log);
}

/**
 * A response that a handler made without Hono has lost the header. Hono copies it to set one, which a
 * switch of protocols does not survive.
 */
function sendId(c: RequestLogContext, id: string): void {
  if (c.res.status >= 200 && c.res.headers.get(REQUEST_ID) !== id) c.header(REQUEST_ID, id);
}

/** What the record says of a request. Read at once: a request that is over may not be read any more. */
function askedOf(
  { req }: RequestLogContext,
  redaction: Redaction,
  withHeaders: boolean,
): { readonly method: string; readonly path: string; readonly rest: Fields } {
  const { pathname, search } = new URL(req.url);
  const userAgent = req.raw.headers.get("user-agent");
  return {
    method: req.method,
    path: pathname.slice(0, MAX_CHARS),
    rest: {
      ...(search === "" ? {} : { query: redaction.query(search.slice(1)).slice(0, MAX_CHARS) }),
      ...(userAgent === null ? {} : { userAgent: userAgent.slice(0, MAX_CHARS) }),
      ...(withHeaders ? { requestHeaders: redaction.headers(req.raw.headers) } : {}),
    },
  };
}

/** What the record says of a response; nothing if the request is to be skipped. */
function answerOf(
  c: RequestLogContext,
  redaction: Redaction,
  options: RequestLogOptions,
): End | undefined {
  const asked = more(c, options);
  if (asked === undefined) return undefined;
  const { status, headers } = c.res;
  return {
    status,
    ...(status >= 500 && c.error !== undefined ? { error: c.error } : {}),
    ...(options.headers ? { responseHeaders: redaction.headers(headers) } : {}),
    ...asked,
  };
}

/** What the program adds; nothing if the request is to be skipped. */
function more(
  c: RequestLogContext,
  { skip, fields }: RequestLogOptions,
): { asked: Fields } | undefined {
  try {
    return skip?.(c) ? undefined : { asked: fields?.(c) ?? {} };
  } catch (thrown) {
    return { asked: { logError: thrownMessage(thrown) } };
  }
}

function bytesOf(response: Response): { bytes?: number } {
  const length = response.headers.get("content-length");
  if (length !== null) return /^\d+$/.test(length) ? { bytes: Number(length) } : {};
  return response.body === null ? { bytes: 0 } : {};
}

function write(
  log: RequestLogger,
  { method, path, rest }: ReturnType<typeof askedOf>,
  { status, durationMs, asked, ...end }: End & { readonly durationMs: number },
): void {
  const isFailed = status >= 500 || end.error !== undefined;
  const level = isFailed ? "error" : status >= 400 ? "warn" : "info";
  log[level](`${method} ${path} ${status}`, {
    method,
    path,
    status,
    durationMs,
    ...rest,
    ...end,
    ...asked,
  });
}
