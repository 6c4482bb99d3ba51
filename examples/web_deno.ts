/**
 * The application of web_app.ts on Deno's own server.
 *
 *     deno run -A examples/web_deno.ts [PORT]
 */
import { app } from "./web_app.ts";

Deno.serve({
  // Other hosts than this machine need `auth` in tailRoutes().
  hostname: "127.0.0.1",
  port: Number(Deno.args[0] ?? 8080),
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}/orders/42, watch it at /logs`),
}, app.fetch);
