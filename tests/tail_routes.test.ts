import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { test } from "node:test";
import { Hono } from "hono";
import { AddressInUseError, type RunningServer, serve } from "../src/platform/serve.ts";
import { createTail, type Tail } from "../src/tail/hub.ts";
import { type TailRouteOptions, tailRoutes, type Upgrade } from "../src/tail/http/routes.ts";

const encoder = new TextEncoder();

function record(seq: number): string {
  return JSON.stringify({ time: "2026-01-01T00:00:00.000Z", level: "info", msg: `record ${seq}` });
}

function push(tail: Tail, from: number, to: number): void {
  const lines = Array.from({ length: to - from + 1 }, (_, i) => record(from + i) + "\n");
  tail.push({ firstSeq: from, count: lines.length, bytes: encoder.encode(lines.join("")) });
}

interface Site {
  readonly tail: Tail;
  readonly server: RunningServer;
  readonly url: string;
}

/** Runs `body` against a real server, and closes that whatever happens. */
async function withSite(
  body: (site: Site) => Promise<void>,
  options: TailRouteOptions = {},
  tail: Tail = createTail({ maxBytes: 1024 * 1024, run: "run-1" }),
): Promise<void> {
  const server = await serve<Upgrade>({
    hostname: "127.0.0.1",
    port: 0,
    build: (upgradeWebSocket) =>
      new Hono().route("/", tailRoutes(tail, { upgradeWebSocket, ...options })),
  });
  try {
    await body({ tail, server, url: `127.0.0.1:${server.port}/logs` });
  } finally {
    tail.close();
    await server.close();
  }
}

/** A WebSocket whose messages are read one after another. */
function open(url: string, first?: unknown) {
  const socket = new WebSocket(`ws://${url}`);
  const messages: string[] = [];
  const waiting: (() => void)[] = [];
  const wake = () => waiting.splice(0).forEach((resolve) => resolve());
  let closed: { code: number; reason: string } | undefined;
  socket.onmessage = (event) => {
    messages.push(String(event.data));
    wake();
  };
  socket.onclose = (event) => {
    closed = { code: event.code, reason: event.reason };
    wake();
  };
  socket.onopen = () => first !== undefined && socket.send(JSON.stringify(first));
  const more = () => new Promise<void>((resolve) => waiting.push(resolve));
  return {
    socket,
    async next(): Promise<string> {
      while (messages.length === 0 && closed === undefined) await more();
      return messages.shift() ?? assert.fail(`closed ${closed?.code} ${closed?.reason}`);
    },
    async closed() {
      while (closed === undefined) await more();
      return closed;
    },
  };
}

/** Lines of a response, until `count` of them have come. */
async function readLines(response: Response, count: number): Promise<string[]> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const lines = () => text.split("\n").slice(0, -1).filter((line) => line !== "");
  while (lines().length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return lines();
}

/** Sends bytes as they are, and gives the answer's status line and body. */
function raw(port: number, head: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(head.join("\r\n") + "\r\n\r\n"));
    let text = "";
    socket.on("data", (data) => {
      text += data.toString();
      if (/\r\n\r\n/.test(text)) socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      socket.destroy();
      resolve(text.split("\r\n")[0] ?? "");
    });
  });
}

test("one path gives the same records over NDJSON, plain WebSocket and the protocol", () =>
  withSite(async ({ tail, url }) => {
    push(tail, 1, 20);
    const plain = open(url);
    const protocol = open(`${url}?v=1`, { t: "sub", v: 1, from: "kept" });
    const response = await fetch(`http://${url}`);
    assert.match(response.headers.get("content-type") ?? "", /^application\/x-ndjson/);
    assert.equal(response.headers.get("vary"), "Accept, Origin");
    const first = JSON.parse(await protocol.next());
    const limits = { windowBytes: 1024 * 1024, windowRecords: 5000, lineBytes: 16 * 1024 };
    const hello = { t: "hello", v: 1, run: "run-1", first: 1, last: 20, hb: 15_000, limits };
    assert.deepEqual(first, hello);
    const got: [number, unknown][] = [];
    while (got.length < 20) got.push(...JSON.parse(await protocol.next()).r);
    assert.deepEqual(JSON.parse(await protocol.next()), { t: "live", seq: 21 });
    push(tail, 21, 40);
    while (got.length < 40) got.push(...JSON.parse(await protocol.next()).r);
    const lines: string[] = [];
    while (lines.length < 40) lines.push(await plain.next());
    const expected = Array.from({ length: 40 }, (_, i) => record(i + 1));
    assert.deepEqual(lines, expected);
    assert.deepEqual(got, expected.map((line, i) => [i + 1, JSON.parse(line)]));
    assert.deepEqual(await readLines(response, 40), expected);
    tail.close();
    await Promise.all([plain.closed(), protocol.closed()]);
  }));

test("a client that comes back goes on behind the last record it has seen", () =>
  withSite(async ({ tail, url }) => {
    push(tail, 1, 30);
    const again = open(`${url}?v=1`, { t: "sub", v: 1, from: { run: "run-1", seq: 25 } });
    await again.next();
    const batch = JSON.parse(await again.next());
    assert.deepEqual([batch.from, batch.to, batch.ph], [26, 30, "r"]);
    const other = open(`${url}?v=1`, { t: "sub", v: 1, from: { run: "old", seq: 25 } });
    await other.next();
    const gap = JSON.parse(await other.next());
    assert.deepEqual(gap, { t: "gap", from: 1, to: 0, n: 0, why: "restart", back: false });
    assert.equal(JSON.parse(await other.next()).from, 1);
    again.socket.close();
    other.socket.close();
  }));

test("follow=0 ends after what exists, and from picks the place", () =>
  withSite(async ({ tail, url }) => {
    push(tail, 1, 10);
    const lines = async (query: string) =>
      (await (await fetch(`http://${url}?follow=0${query}`)).text()).split("\n").slice(0, -1);
    assert.equal((await lines("")).length, 10);
    assert.deepEqual(await lines("&from=-2"), [record(9), record(10)]);
    assert.deepEqual(await lines("&from=9"), [record(9), record(10)]);
    assert.deepEqual(await lines("&from=live"), []);
    const bad = await fetch(`http://${url}?from=tomorrow`);
    assert.equal(bad.status, 400);
    assert.match(await bad.text(), /^Invalid from: use "live"/);
  }));

test("records that the ring has lost are told as a gap with the exact number", () =>
  withSite(
    async ({ tail, url }) => {
      push(tail, 1, 100);
      const { firstSeq } = tail.stats();
      assert.ok(firstSeq > 1);
      const text = await (await fetch(`http://${url}?follow=0&from=1`)).text();
      const gap = { from: 1, to: firstSeq - 1, n: firstSeq - 1, why: "evicted" };
      assert.deepEqual(JSON.parse(text.split("\n")[0] ?? ""), { $: "gap", ...gap });
      const client = open(`${url}?v=1`, { t: "sub", v: 1, from: { run: "run-1", seq: 0 } });
      await client.next();
      assert.deepEqual(JSON.parse(await client.next()), { t: "gap", ...gap, back: false });
      client.socket.close();
    },
    {},
    createTail({ maxBytes: 1024, run: "run-1" }),
  ));

test("raw text is JSON in a stream and text in a plain socket", () =>
  withSite(async ({ tail, url }) => {
    tail.write('{"$":"gap"}\nplain');
    const stream = await (await fetch(`http://${url}?follow=0`)).text();
    assert.equal(stream, '{"msg":"{\\"$\\":\\"gap\\"}"}\n{"msg":"plain"}\n');
    const plain = open(url);
    assert.deepEqual([await plain.next(), await plain.next()], ['{"$":"gap"}', "plain"]);
    plain.socket.close();
  }));

test("foreign, missing, double and odd hosts and origins are refused before every answer", () =>
  withSite(
    async ({ tail, server: { port } }) => {
      tail.write("secret");
      const host = `Host: 127.0.0.1:${port}`;
      const upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ];
      const cases: [name: string, target: string, headers: string[], status: RegExp][] = [
        ["foreign host", "/logs", ["Host: evil.example"], /403/],
        ["host of a rebound name with our port", "/logs", [`Host: evil.example:${port}`], /403/],
        ["missing host", "/logs", [], /400|403/],
        // Bun finds no path in the URL that it makes of such a host, and so no route.
        ["empty host", "/logs", ["Host:"], /400|403|404/],
        ["double host", "/logs", [host, "Host: evil.example"], /400|403/],
        ["double host, ours last", "/logs", ["Host: evil.example", host], /400|403/],
        ["host with a user", "/logs", [`Host: evil@127.0.0.1:${port}`], /400|403|404/],
        ["foreign origin", "/logs", [host, "Origin: http://evil.example"], /403/],
        ["null origin", "/logs", [host, "Origin: null"], /403/],
        ["another port of this host", "/logs", [host, "Origin: http://127.0.0.1:1"], /403/],
        ["image of another site", "/logs", [host, "Sec-Fetch-Site: cross-site"], /403/],
        ["absolute target", "http://evil.example/logs", [
          "Host: evil.example",
          "Origin: http://evil.example",
        ], /400|403/],
        ["absolute target, our host", "http://evil.example/logs", [
          host,
          "Origin: http://evil.example",
        ], /400|403/],
        ["stats", "/logs/stats", ["Host: evil.example"], /403/],
        ["own origin", "/logs?follow=0", [host, `Origin: http://127.0.0.1:${port}`], /200/],
        ["listed origin", "/logs?follow=0", [host, "Origin: https://ops.example"], /200/],
        ["listed host", "/logs?follow=0", ["Host: logs.example"], /200/],
        ["localhost", "/logs?follow=0", [`Host: localhost:${port}`], /200/],
      ];
      for (const [name, target, headers, status] of cases) {
        const page = ["Accept: text/html", "Connection: close"];
        const stream = ["Connection: close"];
        const socket = target.includes("stats") || target.includes("follow") ? [] : [upgrade];
        for (const extra of [page, stream, ...socket]) {
          const line = await raw(port, [`GET ${target} HTTP/1.1`, ...headers, ...extra]);
          assert.match(line, status, `${name}: ${extra[0]}: ${line}`);
        }
      }
      const line = await raw(port, ["GET /logs HTTP/1.1", host, ...upgrade]);
      assert.match(line, /101/);
    },
    {
      hosts: ["logs.example"],
      origins: ["https://ops.example"],
      auth: () => true,
      stats: () => ({ secret: 1 }),
    },
  ));

test("half an upgrade is refused", () =>
  withSite(async ({ server: { port } }) => {
    const version = "Sec-WebSocket-Version: 13";
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    const websocket = ["Connection: Upgrade", "Upgrade: websocket"];
    const cases: [string[], RegExp][] = [
      [[...websocket, version], /400/],
      [[...websocket, version, "Sec-WebSocket-Key: short"], /400/],
      [[...websocket, key], /400|426/],
      [[...websocket, key, "Sec-WebSocket-Version: 12"], /400|426/],
      [["Connection: Upgrade", "Upgrade: WebSocket", version, key], /101|400/],
    ];
    for (const [headers, status] of cases) {
      const line = await raw(port, [
        "GET /logs HTTP/1.1",
        `Host: 127.0.0.1:${port}`,
        ...headers,
      ]);
      assert.match(line, status, headers.join(", "));
    }
  }));

test("bad messages get a sentence and close code 4400", () =>
  withSite(async ({ url }) => {
    const cases: [unknown, RegExp][] = [
      [{ t: "nonsense" }, /Unknown message/],
      [{ t: "sub", v: 2 }, /version 1/],
      [{ t: "sub", v: 1, from: { last: -1 } }, /Invalid from/],
      ["x".repeat(5000), /at most 4096 bytes/],
    ];
    for (const [message, problem] of cases) {
      const client = open(`${url}?v=1`, message);
      const answer = JSON.parse(await client.next());
      assert.equal(answer.t, "err");
      assert.equal(answer.code, 4400);
      assert.match(answer.msg, problem);
      assert.equal((await client.closed()).code, 4400);
    }
  }));

test("a client too many is told so, and a seat is free again when a client has gone", () =>
  withSite(async ({ tail, url }) => {
    tail.write("hello");
    const first = open(url);
    await first.next();
    const second = open(`${url}?v=1`);
    assert.match(await second.next(), /Too many clients/);
    assert.equal((await second.closed()).code, 4429);
    const refused = await fetch(`http://${url}?follow=0`);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "5");
    await refused.text();
    first.socket.close();
    await first.closed();
    while (tail.stats().clients > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(await (await fetch(`http://${url}?follow=0`)).text(), '{"msg":"hello"}\n');
  }, { maxClients: 1 }));

test("the page runs its own script and style and nothing else", () =>
  withSite(async ({ url }) => {
    const response = await fetch(`http://${url}`, { headers: { accept: "text/html,*/*" } });
    const html = await response.text();
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; /);
    for (const tag of ["script", "style"]) {
      const [, inner = ""] = new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`).exec(html) ?? [];
      const hash = createHash("sha256").update(inner).digest("base64");
      assert.ok(inner.length > 1000);
      assert.ok(policy.includes(`${tag}-src 'sha256-${hash}'`), tag);
    }
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.match(html, /role:"log"/);
    // The library that draws the page knows of innerHTML; the browser is told to refuse it.
    assert.match(policy, /require-trusted-types-for 'script'; trusted-types logflume(;|$)/);
    assert.doesNotMatch(html, /insertAdjacentHTML|document\.write|https?:\/\/(?!www\.w3\.org)/);
  }));

test("stats are answered as JSON when they are given", () =>
  withSite(async ({ url }) => {
    const response = await fetch(`http://${url}/stats`);
    assert.deepEqual(await response.json(), { accepted: 3 });
  }, { stats: () => ({ accepted: 3 }) }));

test("a server closes at once with open streams and sockets, and its port is free", async () => {
  const started = performance.now();
  let port = 0;
  await withSite(async ({ url, tail, server }) => {
    port = server.port;
    tail.write("hello");
    const socket = open(url);
    await socket.next();
    const stream = await fetch(`http://${url}`);
    const reader = stream.body!.getReader();
    await reader.read();
    await server.close();
    await socket.closed();
    await reader.read().catch(() => {});
  });
  assert.ok(performance.now() - started < 2000);
  const build = () => () => new Response("ok");
  const server = await serve({ hostname: "127.0.0.1", port, build });
  try {
    const second = serve({ hostname: "127.0.0.1", port, build });
    await assert.rejects(second, (error: unknown) => {
      assert.ok(error instanceof AddressInUseError);
      assert.ok(error.message.startsWith(`Port ${port} on 127.0.0.1 is in use: `));
      return true;
    });
  } finally {
    await server.close();
  }
});
