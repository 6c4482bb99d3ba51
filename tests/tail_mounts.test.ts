import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono, type MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { logger } from "hono/logger";
import { poweredBy } from "hono/powered-by";
import { secureHeaders } from "hono/secure-headers";
import { timeout } from "hono/timeout";
import { lineOf, linesOf, push, textOf, withSite } from "./support/tail_site.ts";

const MIDDLEWARE: readonly (readonly [name: string, handler: MiddlewareHandler])[] = [
  ["cors", cors()],
  ["secureHeaders", secureHeaders()],
  ["logger", logger(() => {})],
  ["compress", compress()],
  ["etag", etag()],
  ["poweredBy", poweredBy()],
  ["timeout", timeout(5_000)],
];

function firstMessage(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onmessage = (event) => {
      resolve(String(event.data));
      socket.close();
    };
    socket.onclose = ({ code }) => reject(new Error(`Closed with ${code}`));
  });
}

for (const [name, handler] of MIDDLEWARE) {
  test(`every face works behind ${name}()`, () =>
    withSite(
      { around: (routes) => new Hono().use("*", handler).route("/", routes) },
      async ({ tail, url }) => {
        push(tail, 1, 2);
        assert.equal(await firstMessage(`ws://${url}`), lineOf(1));
        assert.deepEqual(await textOf(`http://${url}?follow=0`), [lineOf(1), lineOf(2)]);
        const live = linesOf(await fetch(`http://${url}?from=live`));
        // The stream is open when it has said something; then what comes is live.
        push(tail, 3, 3);
        assert.equal(await live.next(), lineOf(3));
        await live.cancel();
        const page = await fetch(`http://${url}`, { headers: { accept: "text/html" } });
        assert.equal(page.status, 200);
        assert.match(await page.text(), /<title>logflume</);
      },
    ));
}

test("routes mount under a prefix, beside others, and twice", () =>
  withSite({
    around: (routes) =>
      new Hono().get("/", (c) => c.text("home")).route("/admin", routes).route("/", routes),
  }, async ({ tail, url, server: { port } }) => {
    push(tail, 1, 1);
    const base = `127.0.0.1:${port}`;
    assert.deepEqual(await textOf(`http://${base}/`), ["home"]);
    for (const at of [url, `${base}/admin/logs`]) {
      assert.deepEqual(await textOf(`http://${at}?follow=0`), [lineOf(1)]);
      assert.equal(await firstMessage(`ws://${at}`), lineOf(1));
    }
    assert.equal((await fetch(`http://${base}/other`)).status, 404);
  }));
