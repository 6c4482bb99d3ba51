import { upgradeWebSocket } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { WebSocketServer } from "ws";
import type { HonoAdapter } from "./hono_driver.ts";

/** The longest message a client may send, in bytes. */
const MAX_PAYLOAD = 64 * 1024;

/** The server of sockets that stands behind one HTTP server. */
export function createSocketServer(): WebSocketServer {
  return new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD });
}

/** Hono on Node: `serve({ fetch: app.fetch, websocket })` of `@hono/node-server`. */
export function createNodeAdapter(): HonoAdapter {
  return { upgradeWebSocket, websocket: { server: createSocketServer() }, connInfo: getConnInfo };
}
