/**
 * A web application that logs its requests and shows its log live at /logs. It is the same on every
 * runtime; web_deno.ts, web_bun.ts and web_node.ts listen for it.
 */
import { type Logger, openPipeline } from "@logflume/logflume";
import { tailRoutes } from "@logflume/logflume/hono";
import { type TailAdapter, tailAdapter } from "@logflume/logflume/hono/auto";
import { requestLog, type RequestLogVariables } from "@logflume/logflume/hono-logger";
import { fileSink } from "@logflume/logflume/sink/file";
import { fileStore } from "@logflume/logflume/storage/file";
import { Hono } from "hono";

const pipeline = await openPipeline({
  sinks: { file: fileSink({ path: "example-logs/web.ndjson", every: "day", keep: { count: 14 } }) },
  wal: { store: fileStore("example-logs/web") },
  // Before SIGTERM or Ctrl-C ends the process, what waits goes to the log; the next start delivers it.
  handleSignals: true,
});

/** WebSockets as this runtime speaks them; the servers of Bun and Node want `adapter.websocket`. */
export const adapter: TailAdapter = await tailAdapter();

/** What answers the requests. */
export const app: Hono<{ Variables: RequestLogVariables<Logger> }> = new Hono();

// In front of the request log, so that those who watch the log add nothing to it.
app.route("/", tailRoutes(pipeline.tail, { ...adapter, stats: () => pipeline.stats() }));
app.use(requestLog(pipeline.logger("http")));
app.get("/orders/:id", (c) => {
  // This logger knows the id of the request: a search for it finds both records.
  c.get("log").info("order shown", { order: c.req.param("id") });
  return c.text(`Order ${c.req.param("id")}\n`);
});
