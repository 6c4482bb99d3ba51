/** Serves a tail, and does what its standard input says; started by `tail_server.ts`. */
import { createInterface } from "node:readline";
import process from "node:process";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { logger } from "hono/logger";
import { secureHeaders } from "hono/secure-headers";
import { timeout } from "hono/timeout";
import { openPipeline } from "../../../mod.ts";
import { serve } from "../../../src/platform/serve.ts";
import { fileStore } from "../../../src/storage/file.ts";
import { createTail } from "../../../src/tail/hub.ts";
import { tailRoutes, tailTraffic, type Upgrade } from "../../../src/tail/http/routes.ts";
import { say, scriptArgument } from "../../support/spawn.ts";
import type { Command, ServedOptions, ServerState } from "./tail_server.ts";

const options = scriptArgument() as ServedOptions;
const { maxBytes = 4 * 1024 * 1024, run = "run-1", cookie } = options;

const pipeline = options.wal === undefined ? undefined : await openPipeline({
  sinks: { nowhere: { write: () => Promise.resolve() } },
  wal: { store: fileStore(options.wal) },
  tail: { maxBytes },
});
const tail = pipeline?.tail ?? createTail({ maxBytes, run });
let stats: unknown;
let release: (text: string) => void;
const held = new Promise<string>((resolve) => release = resolve);

function routes(upgradeWebSocket: Upgrade): Hono {
  const auth = cookie === undefined
    ? options.auth
    : (request: Request) => request.headers.get("cookie")?.includes(`session=${cookie}`) === true;
  return tailRoutes(tail, {
    upgradeWebSocket,
    stats: () => stats,
    ...(auth !== undefined && { auth }),
    ...(options.maxClients !== undefined && { maxClients: options.maxClients }),
    ...(options.limits !== undefined && { limits: options.limits }),
  });
}

function build(upgradeWebSocket: Upgrade): Hono {
  const app = new Hono();
  const under = options.behindMiddleware ? "/admin" : "/";
  if (options.behindMiddleware) {
    app.use("*", cors(), secureHeaders(), logger(() => {}), compress(), etag(), timeout(5_000));
  }
  // Without figures the page shows no panel, as behind routes that were given none.
  app.get(
    "*",
    async (c, next) =>
      stats === undefined && c.req.path.endsWith("/stats") ? c.notFound() : await next(),
  );
  app.get("/hold", async (c) => c.text(await held));
  return app.route(under, routes(upgradeWebSocket));
}

const server = await serve<Upgrade>({ hostname: "127.0.0.1", port: options.port ?? 0, build });
say(JSON.stringify({ port: server.port }));

const encoder = new TextEncoder();
let nextSeq = 1;

function push(lines: readonly string[]): void {
  const bytes = encoder.encode(lines.map((line) => line + "\n").join(""));
  tail.push({ firstSeq: nextSeq, count: lines.length, bytes });
  nextSeq += lines.length;
}

function recordLine(msg: string, fields?: object): string {
  return JSON.stringify({ time: new Date().toISOString(), level: "info", msg, fields });
}

/** Writes the numbered records, through the log where there is one. */
function fill(from: number, to: number): void {
  const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  if (pipeline === undefined) push(numbers.map((n) => recordLine(`record ${n}`)));
  else for (const n of numbers) pipeline.write({ level: "info", msg: `record ${n}` });
}

const FLOW_MS = 10;

function flow({ from, to, perSecond }: Extract<Command, { do: "flow" }>): void {
  const start = performance.now();
  let next = from;
  const timer = setInterval(() => {
    const due = from + Math.floor((performance.now() - start) / 1_000 * perSecond);
    fill(next, Math.min(due, to));
    next = Math.max(next, Math.min(due, to) + 1);
    if (next > to) clearInterval(timer);
  }, FLOW_MS);
}

function fields(records: number, each: number): void {
  let name = 0;
  const some = () => Object.fromEntries(Array.from({ length: each }, () => [`f${name++}`, 1]));
  for (let i = 1; i <= records; i++) push([recordLine(`wide ${i}`, some())]);
}

async function obey(command: Command): Promise<void> {
  if (command.do === "write") push(command.lines);
  else if (command.do === "fill") fill(command.from, command.to);
  else if (command.do === "flow") flow(command);
  else if (command.do === "long") push([recordLine("x".repeat(command.chars))]);
  else if (command.do === "fields") fields(command.records, command.each);
  else if (command.do === "skip") nextSeq += command.count;
  else if (command.do === "release") release("released");
  else if (command.do === "stats") stats = command.stats;
  if (command.do === "fill") await pipeline?.durable();
}

function state(): ServerState {
  const { rss } = process.memoryUsage();
  return { rss, traffic: tailTraffic(tail), last: tail.stats().nextSeq - 1 };
}

for await (const line of createInterface({ input: process.stdin })) {
  await obey(JSON.parse(line) as Command);
  say(JSON.stringify(state()));
}
process.exit();
