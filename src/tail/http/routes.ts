/**
 * The live tail over HTTP, as a Hono app: one URL as a page, a WebSocket, server-sent events or
 * newline-delimited JSON.
 *
 * @module
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type * as hono from "hono";
import { type Clock, systemClock } from "../../clock.ts";
import { type AccessOptions, assertAccess, refuse } from "./access.ts";
import { type Gate, gateOf, type TailAuth } from "./auth.ts";
import { allowOrigin, preflightResponse } from "./cors.ts";
import { filterKey } from "../filter.ts";
import { createMatcher } from "../filter_match.ts";
import { type HttpFace, ndjsonFace, ndjsonProtocolFace, sseFace, sseProtocolFace } from "./face.ts";
import { httpStream } from "./stream.ts";
import { ingestHandler, type IngestOptions } from "./ingest.ts";
import { pageResponse } from "../page/page.ts";
import { createSeats, type SeatOptions, type Seats } from "./seats.ts";
import { type TailLimits, tailLimits } from "../limits.ts";
import { type TailSession, tailSession } from "../session.ts";
import type { Tail } from "../tail.ts";
import { TICKET_MS, Tickets } from "./tickets.ts";
import { type ParsedWish, parseWish, type Wish } from "./wish.ts";

export type { TailGapReason } from "../cursor.ts";
export type { AccessOptions } from "./access.ts";
export type { TailAuth } from "./auth.ts";
export type { IngestAnswer, IngestOptions, IngestTarget } from "./ingest.ts";
export type { SeatOptions } from "./seats.ts";
export type { TailFilter } from "../filter.ts";
export type { TailLimits } from "../limits.ts";
export type {
  ClientMessage,
  GapWhy,
  HelloLimits,
  OnSlow,
  ServerMessage,
  SubscribeFrom,
  SubscribeMessage,
} from "../protocol.ts";
export { tailTraffic } from "../session_shared.ts";
export type { TailTrafficStats } from "../session_traffic.ts";

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
  /** The socket has sent what waited, where the server says so. */
  onDrain(): void;
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

/** The `getConnInfo` of `hono/deno`, `hono/bun` or `@hono/node-server/conninfo`. */
export type ConnInfo = (c: never) => { readonly remote: { readonly address?: string } };

/**
 * The Hono app that {@linkcode tailRoutes} makes, named through its module: `deno doc --lint` takes a
 * package's own class for a private type of ours.
 */
export type TailApp = hono.Hono;

/** Options of {@linkcode tailRoutes}. */
export interface TailRouteOptions extends AccessOptions, SeatOptions {
  /** The `upgradeWebSocket` of the runtime's adapter; without it there is no WebSocket. */
  readonly upgradeWebSocket?: Upgrade;
  /** The `getConnInfo` of the runtime's adapter; without it `maxClientsPerAddress` does nothing. */
  readonly connInfo?: ConnInfo;
  /** Who may read and post; everybody unless given, and only on loopback. */
  readonly auth?: TailAuth;
  /** What `<path>/stats` answers as JSON, a promise of it too; without it there is no such path. */
  readonly stats?: () => unknown;
  /** What takes the lines that are posted to `<path>/ingest`; without it there is no such path. */
  readonly ingest?: IngestOptions;
  /** The path; `/logs` unless given. */
  readonly path?: string;
  /** The bounds within which WebSocket clients are served; those that are not given have defaults. */
  readonly limits?: Partial<TailLimits>;
  /** Time; the system's unless given. */
  readonly clock?: Clock;
}

/**
 * Makes a Hono app to mount with `app.route("/", tailRoutes(tail))`. A browser gets a page; an
 * `EventSource` gets server-sent events, and goes on where it was; any other client gets
 * newline-delimited JSON (`curl -N`); a WebSocket gets one line a message, or the messages of
 * `protocol.ts` with `?v=1`. All of them take `?from=-100` (or a sequence number), `?q=` (a query line
 * such as `timeout -healthz level>=warn`) and `?since=15m`; streams end with `?follow=0` or `?to=`.
 *
 * Only loopback host names and pages of the same origin pass, unless `hosts`, `origins` or `allowRemote`
 * say otherwise; other hosts need `auth`. A tail of no size of its own grows to 4 MiB here.
 *
 * @throws {TypeError} If `path` does not begin with a slash, an option is of the wrong kind, or other hosts
 * are allowed without `auth`
 * @throws {RangeError} If a limit is no positive integer, or a token is too short or cannot be sent
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { createTail } from "@logflume/logflume";
 * import { tailRoutes } from "@logflume/logflume/hono";
 *
 * const tail = createTail();
 * const app = new Hono().route("/", tailRoutes(tail));
 * tail.write("hello");
 *
 * const headers = { host: "localhost" };
 * const response = await app.request("/logs?follow=0", { headers });
 * console.log(await response.text()); // {"msg":"hello"}
 * ```
 */
export function tailRoutes(tail: Tail, options: TailRouteOptions = {}): TailApp {
  const { path = "/logs", stats, ingest, upgradeWebSocket, clock = systemClock } = options;
  if (typeof path !== "string" || !/^\/[^:*?#\s]*$/.test(path)) {
    throw new TypeError(`Invalid path "${path}": begin it with a slash, and use no pattern in it`);
  }
  assertFunctions({ stats, upgradeWebSocket, connInfo: options.connInfo });
  assertAccess(options);
  const tickets = new Tickets(clock);
  const gate = gateOf(options.auth, tickets);
  const [seats, limits] = [createSeats(options), tailLimits(options.limits)];
  const site: Site = { tail, clock, seats, limits, connInfo: options.connInfo };
  const below = path.replace(/\/$/, "");
  const app = new Hono();
  const [guard, pageGuard] = [guardOf(options, gate, false), guardOf(options, gate, true)];
  for (const at of [path, `${below}/stats`, `${below}/ticket`, `${below}/ingest`]) {
    app.options(at, guardOf(options, undefined, false), preflightResponse);
  }
  if (stats !== undefined) app.get(`${below}/stats`, guard, (c) => statsResponse(c, stats));
  if (options.auth !== undefined) {
    app.post(`${below}/ticket`, guard, (c) => ticketResponse(c, tickets));
  }
  if (ingest !== undefined) app.post(`${below}/ingest`, guard, ingestHandler(ingest, clock));
  app.get(path, pageGuard);
  if (upgradeWebSocket !== undefined) {
    const upgrade = upgradeWebSocket((c) => socketEvents(sessionOf(c, site)));
    app.get(path, upgrade as MiddlewareHandler);
  }
  app.get(path, (c) => answer(c, site));
  tail.mount();
  return app;
}

function assertFunctions(given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || typeof value === "function") continue;
    throw new TypeError(`Invalid ${name} of tailRoutes(): pass a function, or leave it out`);
  }
}

/** What the answers share. */
interface Site {
  readonly tail: Tail;
  readonly clock: Clock;
  readonly seats: Seats;
  readonly limits: TailLimits;
  readonly connInfo: ConnInfo | undefined;
}

/** Checks host, origin and upgrade, then who it is, then the query, and only then lets it pass. */
function guardOf(
  options: TailRouteOptions,
  gate: Gate | undefined,
  isTail: boolean,
): MiddlewareHandler {
  return async (c, next) => {
    const refusal = refuse(c.req, options);
    if (refusal !== undefined) {
      if (refusal.status === 426) c.header("Sec-WebSocket-Version", "13");
      return c.text(refusal.message + "\n", refusal.status);
    }
    const isUpgrade = c.req.header("upgrade") !== undefined;
    // The answer of an upgrade is the runtime's own: headers set here would be lost, or in its way.
    if (!isUpgrade) allowOrigin(c, options.origins ?? []);
    const wantsPage = isTail && !isUpgrade && gate?.opensPage === true && isPageWanted(c);
    if (gate !== undefined && !wantsPage && !await gate.passes(c.req.raw)) return unknownClient(c);
    const wish = isTail ? wishOf(c) : undefined;
    if (wish?.ok === false) return c.text(wish.problem + "\n", 400);
    return await next();
  };
}

function unknownClient(c: Context): Response {
  c.header("WWW-Authenticate", 'Bearer realm="logflume"');
  return c.text('Not allowed: send the token as "Authorization: Bearer TOKEN"\n', 401);
}

function wishOf(c: Context): ParsedWish {
  return parseWish((name) => c.req.query(name), c.req.header("last-event-id"));
}

function sessionOf(c: UpgradeContext, { tail, clock, seats, connInfo, limits }: Site): TailSession {
  const parsed = parseWish((name) => c.req.query(name));
  // The guard has let only good ones pass.
  if (!parsed.ok) throw new Error(parsed.problem);
  const { from, filter, isProtocol: protocol } = parsed.wish;
  // Once it is a socket, some runtimes do not know any more where the request came from.
  const address = addressOf(c, connInfo);
  const seat = () => seats(address);
  return tailSession({ tail, clock, protocol, from, filter, seat, limits });
}

function socketEvents(session: TailSession): UpgradeEvents {
  return {
    onOpen: (_event, socket) => session.opened(socket.raw),
    onMessage: (event, socket) => session.received(socket.raw, event.data),
    onClose: () => session.gone(),
    onError: () => session.gone(),
    onDrain: () => session.drained(),
  };
}

function answer(c: Context, site: Site): Response | Promise<Response> {
  if (c.req.header("upgrade") !== undefined) {
    // Nothing took the upgrade: no adapter was given, or it insists on lower case.
    return c.text(
      'Cannot upgrade here: send "Upgrade: websocket" to a server that has WebSocket\n',
      400,
    );
  }
  c.header("Cache-Control", "no-store");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  if (isPageWanted(c)) return pageResponse(c);
  const parsed = wishOf(c);
  return parsed.ok ? streamResponse(c, site, parsed.wish) : c.text(parsed.problem + "\n", 400);
}

function isPageWanted(c: Context): boolean {
  const accept = c.req.header("accept") ?? "*/*";
  return accept.includes("text/html") && !accept.includes("ndjson");
}

function faceOf(c: Context, wish: Wish): HttpFace {
  const isSse = (c.req.header("accept") ?? "").includes("text/event-stream");
  if (wish.isProtocol) return isSse ? sseProtocolFace : ndjsonProtocolFace;
  return isSse ? sseFace : ndjsonFace;
}

function streamResponse(c: Context, site: Site, wish: Wish): Response {
  const face = faceOf(c, wish);
  c.header("Content-Type", face.type);
  c.header("X-Accel-Buffering", "no");
  // Middleware that makes a tag of its own would first read the stream to its end, which has none.
  if (wish.follow) c.header("ETag", `"${crypto.randomUUID()}"`);
  // A body that nobody reads would hold its seat.
  if (c.req.method === "HEAD") return c.body(null);
  const freeSeat = site.seats(addressOf(c, site.connInfo));
  if (freeSeat === undefined) {
    c.header("Retry-After", "5");
    return c.text("Too many clients read this tail: try again later\n", 503);
  }
  return c.body(bodyOf(site, wish, face, freeSeat));
}

function bodyOf(
  { tail, clock }: Site,
  { from, to, follow, filter }: Wish,
  face: HttpFace,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const matcher = filterKey(filter) === "" ? undefined : createMatcher(filter);
  const open = async (signal: AbortSignal) => {
    // The last n records that pass, not those that pass of the last n.
    const isSearch = matcher !== undefined && typeof from === "object" && "last" in from;
    if (!isSearch) return tail.cursor(from);
    return tail.cursor({ seq: await tail.seekBack({ matches: from.last, matcher, signal }) });
  };
  return httpStream({ tail, open, face, clock, matcher, to, follow, onEnd });
}

/** The address of a client, where the server tells it. */
function addressOf(c: unknown, connInfo: ConnInfo | undefined): string | undefined {
  try {
    return connInfo?.(c as never).remote.address;
  } catch {
    return undefined;
  }
}

async function statsResponse(c: Context, stats: () => unknown): Promise<Response> {
  c.header("Cache-Control", "no-store");
  c.header("X-Content-Type-Options", "nosniff");
  // A figure that JSON has no form for must not make the whole answer fail.
  const body = JSON.stringify(
    await stats(),
    (_key, value) => typeof value === "bigint" ? Number(value) : value,
  );
  return c.body(body, 200, { "Content-Type": "application/json; charset=utf-8" });
}

function ticketResponse(c: Context, tickets: Tickets): Response {
  c.header("Cache-Control", "no-store");
  return c.json({ ticket: tickets.issue(), expiresMs: TICKET_MS });
}
