import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, upgradeWebSocket } from "@hono/node-server";
import type { WebSocketServer } from "ws";
import { createSocketServer } from "./hono_node.ts";
import { type FetchHandler, handlerOf, type ServeOptions } from "./serve_driver.ts";

/** Listens on Node. */
export async function serveNode<Upgrade>(
  options: ServeOptions<Upgrade>,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = createSocketServer();
  const server = createAdaptorServer({
    fetch: oneHost(handlerOf(options, upgradeWebSocket)),
    websocket: { server: sockets },
  }) as Server;
  await listen(server, options.hostname, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeAll(server, sockets),
  };
}

/** Node shows only the first Host header of an upgrade, so doubles are refused where all are seen. */
function oneHost(handler: FetchHandler): FetchHandler {
  return (request, env) => {
    const { incoming } = env as { incoming: IncomingMessage };
    const names = incoming.rawHeaders.filter((_value, i) => i % 2 === 0);
    const hosts = names.filter((name) => name.toLowerCase() === "host").length;
    if (hosts === 1) return handler(request, env);
    return new Response("Send exactly one Host header\n", { status: 400 });
  };
}

function listen(server: Server, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Upgraded sockets are no connections of the server any more, so they are ended one by one. */
function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    for (const socket of sockets.clients) socket.terminate();
  });
}
