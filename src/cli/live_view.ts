import { Hono } from "hono";
import { metricsRoutes } from "../metrics/routes.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { readEnv } from "../platform/env.ts";
import { AddressInUseError, type RunningServer, serve } from "../platform/serve.ts";
import { MIN_TOKEN_LENGTH } from "../tail/http/auth.ts";
import { type TailRouteOptions, tailRoutes, type Upgrade } from "../tail/http/routes.ts";
import type { IngestTarget } from "../tail/http/ingest.ts";
import type { ListenAddress } from "./options.ts";
import { UsageError } from "./usage_error.ts";

/** What is served, and to whom. */
export interface ViewPlan extends Pick<TailRouteOptions, SeatNames | "hosts" | "origins"> {
  readonly listen: ListenAddress;
  /** The path of the tail, beside `/`; `/logs` unless given. */
  readonly path?: string;
  /** What readers must send; that of the environment unless given. */
  readonly token?: string;
  /** Whether lines may be posted, and how much of them. */
  readonly ingest?: { readonly maxBodyBytes?: number };
  /** Where the figures are, beside `/metrics`, and at which address of their own. */
  readonly metrics?: { readonly path: string; readonly listen?: Omit<ListenAddress, "isExplicit"> };
}

type SeatNames = "maxClients" | "maxClientsPerAddress";

/** The live view of a run. */
export interface LiveView {
  /** Where a browser finds it. */
  readonly url: string;
  /** Stops it. */
  close(): Promise<void>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** The variable of the environment that holds the token of readers. */
const TOKEN_VARIABLE = "LOGFLUME_TOKEN";

/**
 * Shows a pipeline's tail over HTTP. Undefined when the default port is taken: that is no reason not to
 * run. Whoever asks from another host needs a token: the one given, that of the environment, or one made
 * here and said once. Lines are taken at `/ingest`, by `target`, where the plan says so.
 *
 * @throws {UsageError} If the address was asked for and cannot be had
 */
export async function openLiveView(
  plan: ViewPlan,
  pipeline: Pipeline,
  say: (text: string) => void,
  target: IngestTarget,
): Promise<LiveView | undefined> {
  const { hostname, port, isExplicit } = plan.listen;
  const access = accessTo(hostname, plan);
  const routes = routeOptions(plan, access, target);
  try {
    const server = await serve<Upgrade>({
      hostname,
      port,
      build: (upgrade) => buildApp(pipeline, plan, { ...routes, upgradeWebSocket: upgrade }),
    });
    if (access.news !== undefined) say(access.news);
    const metrics = await openMetrics(plan, pipeline, routes).catch(async (error: unknown) => {
      await server.close();
      throw error;
    });
    const close = async () => void await Promise.all([server.close(), metrics?.close()]);
    return { url: urlOf(server), close };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (!isExplicit && error instanceof AddressInUseError) {
      say(
        `Port ${port} is in use, so there is no live view: choose another with --listen HOST:PORT`,
      );
      return undefined;
    }
    throw cannotListen(hostname, port, error);
  }
}

/** Figures at an address of their own, if the plan wants that. */
async function openMetrics(
  { metrics }: ViewPlan,
  pipeline: Pipeline,
  routes: TailRouteOptions,
): Promise<RunningServer | undefined> {
  if (metrics?.listen === undefined) return undefined;
  const { hostname, port } = metrics.listen;
  const options = { ...routes, allowRemote: !LOOPBACK.test(hostname) };
  if (options.allowRemote && options.auth === undefined) {
    throw new UsageError(
      `Cannot show figures on ${hostname} to everybody: give http.token or ${TOKEN_VARIABLE}`,
    );
  }
  const build = () => metricsApp(metricsRoutes(pipeline, options), metrics.path);
  return await serve({ hostname, port, build }).catch((error: unknown) => {
    throw cannotListen(hostname, port, error);
  });
}

function cannotListen(hostname: string, port: number, cause: unknown): UsageError {
  return new UsageError(`Cannot listen on ${hostname} port ${port}: ${reasonOf(cause)}`, { cause });
}

function routeOptions(
  { hosts, origins, maxClients, maxClientsPerAddress, ingest }: ViewPlan,
  access: Access,
  target: IngestTarget,
): TailRouteOptions {
  return {
    ...access.options,
    ...(hosts && { hosts }),
    ...(origins && { origins }),
    ...(maxClients && { maxClients }),
    ...(maxClientsPerAddress && { maxClientsPerAddress }),
    ...(ingest && { ingest: { target, ...ingest } }),
  };
}

interface Access {
  readonly options: Pick<TailRouteOptions, "allowRemote" | "auth">;
  /** What has to be said once. */
  readonly news?: string;
}

function accessTo(hostname: string, { hosts = [], token: given }: ViewPlan): Access {
  const token = given ?? readEnv(TOKEN_VARIABLE);
  const allowRemote = !LOOPBACK.test(hostname);
  if (token !== undefined) {
    if (token.length >= MIN_TOKEN_LENGTH) return { options: { allowRemote, auth: token } };
    throw new UsageError(
      `${
        given === undefined ? TOKEN_VARIABLE : "http.token"
      } is too short: use at least ${MIN_TOKEN_LENGTH} characters, for example a UUID`,
    );
  }
  if (!allowRemote && hosts.length === 0) return { options: {} };
  const auth = crypto.randomUUID();
  const news =
    `Readers of the live view need this token: ${auth} (set your own in ${TOKEN_VARIABLE})`;
  return { options: { allowRemote, auth }, news };
}

/** The page and its stream stand at `/` and at `/logs`, figures at `/metrics`, `/health` and `/stats`. */
function buildApp(pipeline: Pipeline, plan: ViewPlan, access: TailRouteOptions): Hono {
  const options: TailRouteOptions = { ...access, stats: () => pipeline.stats() };
  const path = plan.path ?? "/logs";
  const metrics = plan.metrics?.listen === undefined ? plan.metrics : undefined;
  const app = new Hono().route("/", tailRoutes(pipeline.tail, { ...options, path: "/" }));
  if (path !== "/") app.route("/", tailRoutes(pipeline.tail, { ...options, path }));
  // Behind the others: the page may ask for /stats with a ticket, which only its own routes know.
  return app.route("/", metricsApp(metricsRoutes(pipeline, access), metrics?.path));
}

/** The routes of the figures, which stand at a path of one's own as well. */
function metricsApp(routes: Hono, path: string = "/metrics"): Hono {
  if (path === "/metrics") return routes;
  const at = (url: string) => new URL("/metrics", url);
  return new Hono()
    .get(path, (c) => routes.fetch(new Request(at(c.req.url), c.req.raw), c.env))
    .route("/", routes);
}

function urlOf({ hostname, port }: RunningServer): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`;
}

function reasonOf(error: unknown): string {
  if (error instanceof AddressInUseError) {
    return "it is in use; choose another port, or end the program that holds it";
  }
  return `${(error as Error).message}; choose another address with --listen`;
}
