import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { rawHead } from "../support/tail_site.ts";
import { browserTest, withPage } from "./support/chromium.ts";
import { listenTo } from "./support/reader.ts";
import { heldRows, isLive, numbers, numbersOf, recordIsThere } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

/** A page of another origin, with a frame that has none. */
async function withForeignPage(use: (page: Page, url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<title>other</title><iframe sandbox="allow-scripts" srcdoc="hello"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    await withPage(url, ({ page }) => use(page, url), { expects: /./ });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Tries every way in, as a script of a page; what came of each. */
const BREAK_IN = `async (url) => {
  const socket = () => new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws") + "?v=1");
    socket.onmessage = ({ data }) => resolve("got " + data);
    socket.onclose = () => resolve("nothing");
  });
  const events = () => new Promise((resolve) => {
    const source = new EventSource(url);
    source.onmessage = ({ data }) => resolve("got " + data);
    source.onerror = () => (source.close(), resolve("nothing"));
  });
  const fetched = (init) => fetch(url + "?follow=0", init)
    .then((answer) => answer.text()).then((text) => text === "" ? "nothing" : "got " + text)
    .catch(() => "nothing");
  const script = () => new Promise((resolve) => {
    const tag = document.createElement("script");
    tag.onload = () => resolve("got script");
    tag.onerror = () => resolve("nothing");
    tag.src = url + "?follow=0";
    document.head.append(tag);
  });
  return await Promise.all([socket(), events(), fetched(), fetched({ mode: "no-cors" }), script()]);
}`;

for (const runtime of RUNTIMES) {
  browserTest(`pages of other origins and of none get nothing, from ${runtime}`, async () => {
    await using server = await startServer({ runtime });
    await server.tell({ do: "fill", from: 1, to: 10 });
    await withForeignPage(async (page) => {
      const frame = page.frames()[1]!;
      for (const place of [page.mainFrame(), frame]) {
        const tried = await place.evaluate(`(${BREAK_IN})(${JSON.stringify(server.url)})`);
        assert.deepEqual(tried, new Array(5).fill("nothing"));
      }
      assert.equal((await server.tell({ do: "look" })).traffic.clients, 0);
    });
  });

  browserTest(
    `odd targets and hosts are refused before they are read, from ${runtime}`,
    async () => {
      await using server = await startServer({ runtime });
      await server.tell({ do: "fill", from: 1, to: 10 });
      const host = `Host: 127.0.0.1:${server.port}`;
      const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        .concat("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
      const asked: readonly (readonly [target: string, ...headers: string[]])[] = [
        ["/logs", "Host: evil.example", ...upgrade],
        ["/logs", host, "Origin: null", ...upgrade],
        ["/logs", host, "Origin: http://evil.example", ...upgrade],
        ["//evil.example/logs", host, "Origin: http://evil.example", ...upgrade],
        ["http://evil.example/logs", host, "Origin: http://evil.example", ...upgrade],
        ["/logs", host, `Origin: http://127.0.0.1:${server.port}.evil.example`, ...upgrade],
      ];
      for (const [target, ...headers] of asked) {
        const head = await rawHead(server.port, [`GET ${target} HTTP/1.1`, ...headers]);
        assert.match(head, /^HTTP\/1\.1 4\d\d/, `${target} ${headers[0]} ${headers[1]}`);
      }
    },
  );

  browserTest(
    `the 65th client is told so, and comes in when one leaves, from ${runtime}`,
    async () => {
      await using server = await startServer({ runtime });
      const others = await Promise.all(
        Array.from({ length: 64 }, () => listenTo(server.url, "live")),
      );
      await withPage(server.url, async ({ page }) => {
        await page.locator(".pill", { hasText: "refused: Too many clients" }).waitFor();
        others[0]!.close();
        await others[0]!.end;
        while ((await server.tell({ do: "look" })).traffic.clients > 63);
        await page.getByRole("button", { name: "Try now" }).click();
        await isLive(page);
      });
      for (const other of others) other.close();
    },
  );

  browserTest(`it works under a path, behind the usual middleware, from ${runtime}`, async () => {
    await using server = await startServer({ runtime, behindMiddleware: true });
    await server.tell({ do: "fill", from: 1, to: 500 });
    await withPage(server.url, async ({ page, problems }) => {
      await recordIsThere(page, 500);
      await isLive(page);
      await server.tell({ do: "fill", from: 501, to: 600 });
      await recordIsThere(page, 600);
      assert.deepEqual(numbersOf(await heldRows(page)), numbers(1, 600));
      assert.deepEqual(problems, []);
    });
  });
}
