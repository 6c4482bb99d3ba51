import { upgradeWebSocket, websocket } from "hono/bun";
import { handlerOf, type ServeOptions } from "./serve_driver.ts";

/**
 * Above the tail's own mark of 256 KiB, so that Bun never drops a message that the tail has sent; a
 * socket that passes it is closed instead.
 */
const BACKPRESSURE_LIMIT = 2 * 1024 * 1024;

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
  const limits = { backpressureLimit: BACKPRESSURE_LIMIT, closeOnBackpressureLimit: true };
  // A rejection, not a throw, when the port is taken.
  return Promise.resolve().then(() => {
    const server = Bun.serve({
      hostname: options.hostname,
      port: options.port,
      idleTimeout: 0,
      fetch: (request, self) => handler(request, self),
      websocket: { ...websocket, ...limits },
    });
    return { port: server.port, close: async () => void await server.stop(true) };
  });
}
