import { upgradeWebSocket } from "hono/deno";
import { handlerOf, type ServeOptions } from "./serve_driver.ts";

interface DenoServer {
  readonly addr: { readonly port: number };
  readonly finished: Promise<void>;
}

interface DenoLike {
  serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen: () => void },
    handler: (request: Request, info: unknown) => Response | Promise<Response>,
  ): DenoServer;
}

/** Listens on Deno. */
export function serveDeno<Upgrade>(
  options: ServeOptions<Upgrade>,
): Promise<{ port: number; close(): Promise<void> }> {
  const { Deno } = globalThis as unknown as { Deno: DenoLike };
  const stop = new AbortController();
  const handler = handlerOf(options, upgradeWebSocket);
  const { hostname, port } = options;
  // A rejection, not a throw, when the port is taken.
  return Promise.resolve().then(() => {
    const server = Deno.serve({ hostname, port, signal: stop.signal, onListen: () => {} }, handler);
    return {
      port: server.addr.port,
      async close() {
        stop.abort();
        await server.finished;
      },
    };
  });
}
