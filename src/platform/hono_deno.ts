import { getConnInfo, upgradeWebSocket } from "hono/deno";
import type { HonoAdapter } from "./hono_driver.ts";

/** Hono on Deno: `Deno.serve(app.fetch)`. */
export const denoAdapter: HonoAdapter = {
  upgradeWebSocket,
  websocket: undefined,
  connInfo: getConnInfo,
};
