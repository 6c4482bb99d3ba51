import { getConnInfo, upgradeWebSocket, websocket } from "hono/bun";
import type { HonoAdapter } from "./hono_driver.ts";

/**
 * Above the tail's own mark of 256 KiB, so that Bun never drops a message that the tail has sent; a
 * socket that passes it is closed instead.
 */
const BACKPRESSURE_LIMIT = 2 * 1024 * 1024;

/** The longest message a client may send, in bytes. */
const MAX_PAYLOAD = 64 * 1024;

/** The events of a socket, where Hono keeps them; it calls them all but this one. */
interface Drainable {
  readonly data: { readonly events: { onDrain?(): void } };
}

/** What Bun's server takes as `websocket`. */
export const bunWebsocket: object = {
  ...websocket,
  backpressureLimit: BACKPRESSURE_LIMIT,
  closeOnBackpressureLimit: true,
  maxPayloadLength: MAX_PAYLOAD,
  drain: (socket: Drainable) => socket.data.events.onDrain?.(),
};

/** Hono on Bun: `Bun.serve({ fetch: app.fetch, websocket })`. */
export const bunAdapter: HonoAdapter = {
  upgradeWebSocket,
  websocket: bunWebsocket,
  connInfo: getConnInfo,
};
