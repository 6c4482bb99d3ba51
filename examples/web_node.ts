/**
 * The application of web_app.ts on Node, by the packages @hono/node-server and ws.
 *
 *     node examples/web_node.ts [PORT]
 */
import process from "node:process";
import { serve } from "@hono/node-server";
import { adapter, app } from "./web_app.ts";

serve({
  // Other hosts than this machine need `auth` in tailRoutes().
  hostname: "127.0.0.1",
  port: Number(process.argv[2] ?? 8080),
  fetch: app.fetch,
  websocket: adapter.websocket as never,
}, ({ port }) => console.log(`http://127.0.0.1:${port}/orders/42, watch it at /logs`));
