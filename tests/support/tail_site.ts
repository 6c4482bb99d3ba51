import assert from "node:assert/strict";
import { connect } from "node:net";
import { Hono } from "hono";
import { type RunningServer, serve } from "../../src/platform/serve.ts";
import { createTail, type Tail } from "../../src/tail/hub.ts";
import { type TailRouteOptions, tailRoutes, type Upgrade } from "../../src/tail/http/routes.ts";

const encoder = new TextEncoder();

/** A tail behind a real server. */
export interface Site {
  readonly tail: Tail;
  readonly server: RunningServer;
  /** Host, port and path. */
  readonly url: string;
}

/** How a site differs from the plain one. */
export interface SiteOptions extends TailRouteOptions {
  readonly tail?: Tail;
  /** Puts things around the routes. */
  readonly around?: (routes: Hono) => Hono;
}

/** Runs `body` against a real server, and closes that whatever happens. */
export async function withSite(
  options: SiteOptions,
  body: (site: Site) => Promise<void>,
): Promise<void> {
  const { tail = createTail({ maxBytes: 1024 * 1024, run: "run-1" }), around, ...rest } = options;
  const server = await serve<Upgrade>({
    hostname: "127.0.0.1",
    port: 0,
    build: (upgradeWebSocket) => {
      const routes = tailRoutes(tail, { upgradeWebSocket, ...rest });
      return around?.(routes) ?? new Hono().route("/", routes);
    },
  });
  try {
    await body({ tail, server, url: `127.0.0.1:${server.port}${rest.path ?? "/logs"}` });
  } finally {
    tail.close();
    await server.close();
  }
}

/** The line of a record. */
export function lineOf(seq: number, more: Readonly<Record<string, unknown>> = {}): string {
  const time = new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();
  return JSON.stringify({ time, level: "info", msg: `record ${seq}`, ...more });
}

/** Pushes the records `from` to `to`, as a pipeline does. */
export function push(
  tail: Tail,
  from: number,
  to: number,
  more: (seq: number) => Readonly<Record<string, unknown>> = () => ({}),
): void {
  const lines = Array.from(
    { length: to - from + 1 },
    (_, i) => lineOf(from + i, more(from + i)) + "\n",
  );
  tail.push({ firstSeq: from, count: lines.length, bytes: encoder.encode(lines.join("")) });
}

/** What a client got, read piece by piece. */
export interface LineReader {
  /** The next line that is not empty; undefined at the end. */
  next(): Promise<string | undefined>;
  /** Goes away. */
  cancel(): Promise<void>;
}

/** Reads a response line by line. */
export function linesOf(response: Response): LineReader {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const lines: string[] = [];
  let rest = "";
  return {
    async next() {
      while (lines.length === 0) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        const parts = (rest + value).split("\n");
        rest = parts.pop() ?? "";
        lines.push(...parts.filter((line) => line !== ""));
      }
      return lines.shift();
    },
    cancel: () => reader.cancel(),
  };
}

/** The records of a stream that ends, without its control lines. */
export async function textOf(url: string, init: RequestInit = {}): Promise<string[]> {
  const response = await fetch(url, init);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.split("\n").filter((line) => line !== "");
}

/** Sends bytes as they are, and gives the head of the answer. */
export function rawHead(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(lines.join("\r\n") + "\r\n\r\n"));
    let text = "";
    socket.on("data", (data) => {
      text += data.toString();
      if (text.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text.split("\r\n\r\n")[0] ?? ""));
  });
}
