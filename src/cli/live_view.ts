import { Hono } from "hono";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { AddressInUseError, type RunningServer, serve } from "../platform/serve.ts";
import { tailRoutes, type Upgrade } from "../tail/routes.ts";
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

/**
 * Shows a pipeline's tail over HTTP. Undefined when the default port is taken: that is no reason not to
 * run.
 *
 * @throws {UsageError} If the address was asked for and cannot be had
 */
export async function openLiveView(
  address: ListenAddress,
  pipeline: Pipeline,
  say: (text: string) => void,
): Promise<LiveView | undefined> {
  const { hostname, port } = address;
  const isRemote = !LOOPBACK.test(hostname);
  try {
    const server = await serve<Upgrade>({
      hostname,
      port,
      build: (upgradeWebSocket) => buildApp(pipeline, upgradeWebSocket, isRemote),
    });
    if (isRemote) {
      say(`Everyone who reaches ${hostname} port ${server.port} can read these records`);
    }
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

/** The page and its stream stand at `/` and at `/logs`. */
function buildApp(pipeline: Pipeline, upgradeWebSocket: Upgrade, allowRemote: boolean): Hono {
  const options = { upgradeWebSocket, allowRemote, stats: () => pipeline.stats() };
  return new Hono()
    .route("/", tailRoutes(pipeline.tail, { ...options, path: "/" }))
    .route("/", tailRoutes(pipeline.tail, { ...options, path: "/logs" }));
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
