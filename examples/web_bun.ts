/**
 * The application of web_app.ts on Bun's own server.
 *
 *     bun examples/web_bun.ts [PORT]
 */
import process from "node:process";
import { adapter, app } from "./web_app.ts";

// With @types/bun this line is not needed.
declare const Bun: { serve(options: object): { readonly port: number } };

const { port } = Bun.serve({
  // Other hosts than this machine need `auth` in tailRoutes().
  hostname: "127.0.0.1",
  port: Number(process.argv[2] ?? 8080),
  fetch: app.fetch,
  websocket: adapter.websocket,
  // Without this Bun cuts a live view in which nothing happens for ten seconds.
  idleTimeout: 0,
});
console.log(`http://127.0.0.1:${port}/orders/42, watch it at /logs`);
