/**
 * The live tail over HTTP, as a Hono app: one path that answers with a page, a stream of lines or a
 * WebSocket, as the client asks.
 *
 * @module
 */
import type * as hono from "hono";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { systemClock } from "../clock.ts";
import { type AccessOptions, refuse } from "./access.ts";
import { ndjsonStream } from "./ndjson.ts";
import { pageResponse } from "./page/page.ts";
import { type TailSession, tailSession } from "./session.ts";
import type { Tail, TailFrom } from "./tail.ts";

export type { TailGapReason } from "./cursor.ts";
export type { AccessOptions } from "./access.ts";
export type { ServerMessage, SubscribeFrom, SubscribeMessage } from "./protocol.ts";

/** The events of one socket, as Hono's adapters call them. */
export interface UpgradeEvents {
  /** The socket is open. */
  onOpen(event: unknown, socket: { readonly raw?: unknown }): void;
  /** A message came. */
  onMessage(event: { readonly data: unknown }, socket: { readonly raw?: unknown }): void;
  /** The socket is closed. */
  onClose(event: unknown, socket: { readonly raw?: unknown }): void;
  /** The socket failed. */
  onError(event: unknown, socket: { readonly raw?: unknown }): void;
}

/** What the tail reads of a request that is to become a socket: Hono's own context will do. */
export interface UpgradeContext {
  /** The request. */
  readonly req: {
    /** The value of a key of the query. */
    query(name: string): string | undefined;
  };
}

/** The `upgradeWebSocket` of `hono/deno`, `hono/bun` or `@hono/node-server`. */
export type Upgrade = (createEvents: (c: UpgradeContext) => UpgradeEvents) => unknown;

/**
 * The Hono app that {@linkcode tailRoutes} makes, named through its module: `deno doc --lint` takes a
 * package's own class for a private type of ours.
 */
export type TailApp = hono.Hono;

/** Options of {@linkcode tailRoutes}. */
export interface TailRouteOptions extends AccessOptions {
  /** The `upgradeWebSocket` of the runtime's adapter; without it there is no WebSocket. */
  readonly upgradeWebSocket?: Upgrade;
  /** What `<path>/stats` answers as JSON; without it there is no such path. */
  readonly stats?: () => unknown;
  /** The path; `/logs` unless given. */
  readonly path?: string;
  /** The most clients at once; 64 unless given. */
  readonly maxClients?: number;
}

const MAX_CLIENTS = 64;

/**
 * Makes a Hono app to mount with `app.route("/", tailRoutes(tail))`. A browser gets a page; any other
 * client gets newline-delimited JSON (`curl -N`, `?from=-100`, `?follow=0`); a WebSocket gets one line a
 * message, or the messages of `protocol.ts` with `?v=1`. Only loopback host names and pages of the same
 * origin pass, unless `hosts`, `origins` or `allowRemote` say otherwise.
 *
 * @throws {TypeError} If `path` does not begin with a slash
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { createTail } from "@logflume/logflume";
 * import { tailRoutes } from "@logflume/logflume/hono";
 *
 * const tail = createTail({ maxBytes: 1024 * 1024 });
 * const app = new Hono().route("/", tailRoutes(tail));
 * tail.write("hello");
 *
 * const headers = { host: "localhost" };
 * const response = await app.request("/logs?follow=0", { headers });
 * console.log(await response.text()); // {"msg":"hello"}
 * ```
 */
export function tailRoutes(tail: Tail, options: TailRouteOptions = {}): TailApp {
  const { path = "/logs", stats, upgradeWebSocket } = options;
  if (!path.startsWith("/")) throw new TypeError(`Invalid path "${path}": begin it with a slash`);
  const seats = createSeats(options.maxClients ?? MAX_CLIENTS);
  const app = new Hono();
  const guard = guardOf(options);
  if (stats !== undefined) {
    app.get(`${path === "/" ? "" : path}/stats`, guard, (c) => statsResponse(c, stats));
  }
  app.get(path, guard);
  if (upgradeWebSocket !== undefined) {
    const upgrade = upgradeWebSocket((c) => socketEvents(sessionOf(c, tail, seats)));
    app.get(path, upgrade as MiddlewareHandler);
  }
  app.get(path, (c) => answer(c, tail, seats));
  return app;
}

/** Takes a place for one client; undefined when all are taken. The answer gives it back. */
type Seats = () => (() => void) | undefined;

function createSeats(max: number): Seats {
  let taken = 0;
  return () => {
    if (taken >= max) return undefined;
    taken++;
    let held = true;
    return () => {
      if (held) taken--;
      held = false;
    };
  };
}

function guardOf(options: AccessOptions): MiddlewareHandler {
  return async (c, next) => {
    const refusal = refuse(c.req, options) ?? refuseFrom(c);
    if (refusal === undefined) return await next();
    if (refusal.status === 426) c.header("Sec-WebSocket-Version", "13");
    return c.text(refusal.message + "\n", refusal.status);
  };
}

function refuseFrom(c: Context): { status: 400; message: string } | undefined {
  if (placeOf(c.req.query("from")) !== undefined) return undefined;
  const message =
    'Invalid from: use "live", "kept", a sequence number, or -n for the last n records';
  return { status: 400, message };
}

/** The place that `?from=` names; undefined if it is none. */
function placeOf(text: string = "kept"): TailFrom | undefined {
  if (text === "live" || text === "kept") return text;
  if (!/^-?\d{1,15}$/.test(text)) return undefined;
  return text.startsWith("-") ? { last: -Number(text) } : { seq: Number(text) };
}

function sessionOf(c: UpgradeContext, tail: Tail, seat: Seats): TailSession {
  const protocol = c.req.query("v") !== undefined;
  const from = placeOf(c.req.query("from")) ?? "kept";
  return tailSession({ tail, clock: systemClock, protocol, from, seat });
}

function socketEvents(session: TailSession): UpgradeEvents {
  return {
    onOpen: (_event, socket) => session.opened(socket.raw),
    onMessage: (event, socket) => session.received(socket.raw, event.data),
    onClose: () => session.gone(),
    onError: () => session.gone(),
  };
}

function answer(c: Context, tail: Tail, seats: Seats): Response | Promise<Response> {
  if (c.req.header("upgrade") !== undefined) {
    // Nothing took the upgrade: no adapter was given, or it insists on lower case.
    return c.text(
      'Cannot upgrade here: send "Upgrade: websocket" to a server that has WebSocket\n',
      400,
    );
  }
  c.header("Vary", "Accept");
  c.header("Cache-Control", "no-store");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  const accept = c.req.header("accept") ?? "*/*";
  if (accept.includes("text/html") && !accept.includes("ndjson")) return pageResponse(c);
  return streamResponse(c, tail, seats);
}

function streamResponse(c: Context, tail: Tail, seats: Seats): Response {
  const freeSeat = seats();
  if (freeSeat === undefined) {
    c.header("Retry-After", "5");
    return c.text("Too many clients read this tail: try again later\n", 503);
  }
  const cursor = tail.cursor(placeOf(c.req.query("from")) ?? "kept");
  const follow = c.req.query("follow") !== "0";
  c.header("Content-Type", "application/x-ndjson; charset=utf-8");
  c.header("X-Accel-Buffering", "no");
  return c.body(ndjsonStream(tail, cursor, { follow, onEnd: freeSeat }));
}

function statsResponse(c: Context, stats: () => unknown): Response {
  c.header("Cache-Control", "no-store");
  c.header("X-Content-Type-Options", "nosniff");
  // A figure that JSON has no form for must not make the whole answer fail.
  const body = JSON.stringify(
    stats(),
    (_key, value) => typeof value === "bigint" ? Number(value) : value,
  );
  return c.body(body, 200, { "Content-Type": "application/json; charset=utf-8" });
}
