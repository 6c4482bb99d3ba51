/**
 * The figures of a pipeline over HTTP, as a Hono app: for Prometheus, for whoever restarts processes or
 * sends them traffic, and for programs.
 *
 * @module
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type * as hono from "hono";
import { systemClock } from "../clock.ts";
import { type AccessOptions, assertAccess, refuse } from "../tail/http/access.ts";
import { type Gate, gateOf, type TailAuth } from "../tail/http/auth.ts";
import { allowOrigin, preflightResponse } from "../tail/http/cors.ts";
import { Tickets } from "../tail/http/tickets.ts";
import { type Health, healthOf } from "./health.ts";
import { METRICS_CONTENT_TYPE, metricsText } from "./prometheus.ts";
import type { StatsSource } from "./source.ts";

export type { AccessOptions, Health, StatsSource, TailAuth };
export type {
  HandlerStats,
  LaneState,
  LaneStats,
  PipelineLogStats,
  PipelineStats,
  PipelineTailStats,
  WorkerFigures,
} from "../pipeline/stats.ts";
export type { CursorRow, LogStats } from "../storage/store.ts";
export type { LatencyBucket, LatencyStats } from "./histogram.ts";

/** The Hono app that {@linkcode metricsRoutes} makes. */
// Named through its module: `deno doc --lint` takes a package's own class for a private type of ours.
export type MetricsApp = hono.Hono;

/** Who may ask, and where. */
export interface MetricsRouteOptions extends AccessOptions {
  /** Who a request comes from. Needed where other hosts may ask; without it everybody passes. */
  readonly auth?: TailAuth;
  /** What stands before the paths, for example `/internal`. @default {""} */
  readonly prefix?: string;
}

/**
 * Makes a Hono app to mount with `app.route("/", metricsRoutes(pipeline))`. `/metrics` is for Prometheus;
 * `/health` and `/health/ready` answer 200 when the pipeline is ready, else 503, with `{live, ready,
 * reasons}` as JSON; `/health/live` the same by whether it is live; `/stats` gives all figures as JSON.
 *
 * Only loopback host names and pages of the same origin pass, unless `hosts`, `origins` or `allowRemote`
 * say otherwise; other hosts need `auth`. Answers wait for nothing and may be asked at any rate.
 *
 * @throws {TypeError} If `prefix` does not begin with a slash, or other hosts are allowed without `auth`
 * @throws {RangeError} If a token is too short
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { openPipeline } from "@logflume/logflume";
 * import { metricsRoutes } from "@logflume/logflume/hono/metrics";
 *
 * await using pipeline = await openPipeline({ sinks: {} });
 * const app = new Hono().route("/", metricsRoutes(pipeline));
 *
 * const response = await app.request("/health", { headers: { host: "localhost" } });
 * console.log(await response.json()); // { live: true, ready: true, reasons: [] }
 * ```
 */
export function metricsRoutes(
  pipeline: StatsSource,
  options: MetricsRouteOptions = {},
): MetricsApp {
  const { prefix = "" } = options;
  if (prefix !== "" && !prefix.startsWith("/")) {
    throw new TypeError(`Invalid prefix "${prefix}": begin it with a slash`);
  }
  assertAccess(options);
  // Tickets are for streams of a browser: none is issued here.
  const gate = gateOf(options.auth, new Tickets(systemClock));
  const guard = guardOf(options, gate);
  const below = prefix.replace(/\/$/, "");
  const healthy = (isWell: (health: Health) => boolean) => (c: Context): Response => {
    const health = healthOf(pipeline);
    return c.json(health, isWell(health) ? 200 : 503);
  };
  const app = new Hono();
  for (const path of ["/metrics", "/health", "/health/*", "/stats"]) {
    // A browser asks this without a token.
    app.options(`${below}${path}`, guardOf(options, undefined), preflightResponse);
  }
  app.get(
    `${below}/metrics`,
    guard,
    (c) => c.body(metricsText(pipeline), 200, { "Content-Type": METRICS_CONTENT_TYPE }),
  );
  app.get(`${below}/health`, guard, healthy(({ ready }) => ready));
  app.get(`${below}/health/ready`, guard, healthy(({ ready }) => ready));
  app.get(`${below}/health/live`, guard, healthy(({ live }) => live));
  app.get(`${below}/stats`, guard, (c) => c.json(pipeline.stats()));
  return app;
}

/** Checks host and origin, then who it is, as the live tail does. */
function guardOf(options: MetricsRouteOptions, gate: Gate | undefined): MiddlewareHandler {
  return async (c, next) => {
    c.header("Cache-Control", "no-store");
    c.header("X-Content-Type-Options", "nosniff");
    const refusal = refuse(c.req, options);
    if (refusal !== undefined) return c.text(`${refusal.message}\n`, refusal.status);
    allowOrigin(c, options.origins ?? []);
    if (gate === undefined || await gate.passes(c.req.raw)) return await next();
    c.header("WWW-Authenticate", 'Bearer realm="logflume"');
    return c.text('Not allowed: send the token as "Authorization: Bearer TOKEN"\n', 401);
  };
}
