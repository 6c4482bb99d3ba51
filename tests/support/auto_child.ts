/** Serves a tail as README says, on the runtime at hand, and prints what two clients got. */
import process from "node:process";
import { Hono } from "hono";
import { createTail } from "../../mod.ts";
import { tailAdapter } from "../../src/tail/http/auto.ts";
import { tailRoutes } from "../../src/tail/http/routes.ts";

interface Served {
  readonly port: number;
  stop(): unknown;
}

interface Runtimes {
  readonly Deno?: {
    serve(options: object, handler: unknown): { addr: { port: number }; shutdown(): unknown };
  };
  readonly Bun?: { serve(options: object): { port: number; stop(now: boolean): unknown } };
}

async function serveApp(app: Hono, websocket: unknown): Promise<Served> {
  const { Deno, Bun } = globalThis as Runtimes;
  const [hostname, port] = ["127.0.0.1", 0];
  if (Deno !== undefined) {
    const server = Deno.serve({ hostname, port, onListen() {} }, app.fetch);
    return { port: server.addr.port, stop: () => server.shutdown() };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ hostname, port, fetch: app.fetch, websocket });
    return { port: server.port, stop: () => server.stop(true) };
  }
  const { serve } = await import("@hono/node-server");
  return await new Promise((resolve) => {
    serve(
      { fetch: app.fetch, hostname, port, websocket: websocket as never },
      (info) => resolve({ port: info.port, stop: () => process.exit() }),
    );
  });
}

const tail = createTail();
tail.write("hello");
let address: string | undefined;
const { websocket, ...adapter } = await tailAdapter();
const connInfo: typeof adapter.connInfo = (c) => {
  const info = adapter.connInfo(c);
  address = info.remote.address;
  return info;
};
const app = new Hono().route("/", tailRoutes(tail, { ...adapter, connInfo }));
const server = await serveApp(app, websocket);
const url = `127.0.0.1:${server.port}/logs`;
const socket = await new Promise<string>((resolve) => {
  const client = new WebSocket(`ws://${url}`);
  client.onmessage = (event) => {
    resolve(String(event.data));
    client.close();
  };
});
const stream = await (await fetch(`http://${url}?follow=0`)).text();
console.log(JSON.stringify({ socket, stream, address }));
tail.close();
server.stop();
