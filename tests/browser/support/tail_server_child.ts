/** Serves a tail, and does what its standard input says; started by `tail_server.ts`. */
import { createInterface } from "node:readline";
import process from "node:process";
import { Hono } from "hono";
import { serve } from "../../../src/platform/serve.ts";
import { createTail } from "../../../src/tail/hub.ts";
import { tailRoutes, type Upgrade } from "../../../src/tail/http/routes.ts";
import { say, scriptArgument } from "../../support/spawn.ts";
import type { Command } from "./tail_server.ts";

const { maxBytes = 4 * 1024 * 1024, run = "run-1", port = 0 } = scriptArgument() as {
  maxBytes?: number;
  run?: string;
  port?: number;
};
const tail = createTail({ maxBytes, run });
let stats: unknown;
const server = await serve<Upgrade>({
  hostname: "127.0.0.1",
  port,
  build: (upgradeWebSocket) =>
    new Hono()
      // Without figures the page shows no panel, as behind routes that were given none.
      .get("/logs/stats", async (c, next) => stats === undefined ? c.notFound() : await next())
      .route("/", tailRoutes(tail, { upgradeWebSocket, stats: () => stats })),
});
say(JSON.stringify({ port: server.port }));

let nextSeq = 1;

function push(lines: readonly string[]): void {
  const bytes = new TextEncoder().encode(lines.map((line) => line + "\n").join(""));
  tail.push({ firstSeq: nextSeq, count: lines.length, bytes });
  nextSeq += lines.length;
}

function numbered(from: number, to: number): string[] {
  const time = new Date().toISOString();
  return Array.from(
    { length: to - from + 1 },
    (_, i) => JSON.stringify({ time, level: "info", msg: `record ${from + i}` }),
  );
}

function obey(command: Command): void {
  if (command.do === "write") push(command.lines);
  else if (command.do === "fill") push(numbered(command.from, command.to));
  else if (command.do === "skip") nextSeq += command.count;
  else stats = command.stats;
}

for await (const line of createInterface({ input: process.stdin })) {
  obey(JSON.parse(line) as Command);
  say("{}");
}
process.exit();
