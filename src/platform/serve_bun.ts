import { upgradeWebSocket } from "hono/bun";
import { bunWebsocket } from "./hono_bun.ts";
import { handlerOf, type ServeOptions } from "./serve_driver.ts";

interface BunServer {
  readonly port: number;
  stop(closeConnections: boolean): Promise<void>;
}

interface BunLike {
  serve(options: {
    hostname: string;
    port: number;
    idleTimeout: number;
    fetch(request: Request, server: BunServer): Response | Promise<Response>;
    websocket: object;
  }): BunServer;
}

/** Listens on Bun. */
export function serveBun<Upgrade>(
  options: ServeOptions<Upgrade>,
): Promise<{ port: number; close(): Promise<void> }> {
  const { Bun } = globalThis as unknown as { Bun: BunLike };
  const handler = handlerOf(options, upgradeWebSocket);
  // A rejection, not a throw, when the port is taken.
  return Promise.resolve().then(() => {
    const server = Bun.serve({
      hostname: options.hostname,
      port: options.port,
      idleTimeout: 0,
      fetch: (request, self) => handler(request, self),
      websocket: bunWebsocket,
    });
    return { port: server.port, close: async () => void await server.stop(true) };
  });
}
