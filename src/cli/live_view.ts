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
 * run. Whoever asks from another host needs a token: that of the environment, or one made here and said
 * once. Lines are taken at `/ingest` where there is an `ingest` to take them.
 *
 * @throws {UsageError} If the address was asked for and cannot be had
 */
export async function openLiveView(
  address: ListenAddress,
  pipeline: Pipeline,
  say: (text: string) => void,
  ingest?: IngestTarget,
): Promise<LiveView | undefined> {
  const { hostname, port } = address;
  const access = accessTo(hostname, readEnv(TOKEN_VARIABLE));
  try {
    const server = await serve<Upgrade>({
      hostname,
      port,
      build: (upgradeWebSocket) =>
        buildApp(pipeline, {
          ...access.options,
          ...(ingest === undefined ? {} : { ingest: { target: ingest } }),
          upgradeWebSocket,
        }),
    });
    if (access.news !== undefined) say(access.news);
    return { url: urlOf(server), close: () => server.close() };
  } catch (error) {
    if (!address.isExplicit && error instanceof AddressInUseError) {
      say(
        `Port ${port} is in use, so there is no live view: choose another with --listen HOST:PORT`,
      );
      return undefined;
    }
    throw new UsageError(`Cannot listen on ${hostname} port ${port}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

interface Access {
  readonly options: Pick<TailRouteOptions, "allowRemote" | "auth">;
  /** What has to be said once. */
  readonly news?: string;
}

function accessTo(hostname: string, token: string | undefined): Access {
  const allowRemote = !LOOPBACK.test(hostname);
  if (token !== undefined) {
    if (token.length >= MIN_TOKEN_LENGTH) return { options: { allowRemote, auth: token } };
    throw new UsageError(
      `${TOKEN_VARIABLE} is too short: use at least ${MIN_TOKEN_LENGTH} characters, for example a UUID`,
    );
  }
  if (!allowRemote) return { options: {} };
  const auth = crypto.randomUUID();
  const news =
    `Readers of the live view need this token: ${auth} (set your own in ${TOKEN_VARIABLE})`;
  return { options: { allowRemote, auth }, news };
}

/** The page and its stream stand at `/` and at `/logs`, figures at `/metrics`, `/health` and `/stats`. */
function buildApp(pipeline: Pipeline, access: TailRouteOptions): Hono {
  const options: TailRouteOptions = { ...access, stats: () => pipeline.stats() };
  return new Hono()
    .route("/", tailRoutes(pipeline.tail, { ...options, path: "/" }))
    .route("/", tailRoutes(pipeline.tail, { ...options, path: "/logs" }))
    // Behind the others: the page may ask for /stats with a ticket, which only its own routes know.
    .route("/", metricsRoutes(pipeline, access));
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
