import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { createTail } from "../src/tail/hub.ts";
import { tailRoutes } from "../src/tail/http/routes.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { push, rawHead, textOf, withSite } from "./support/tail_site.ts";

const TOKEN = "a-token-of-some-length";
const bearer = { authorization: `Bearer ${TOKEN}` };

test("with a token every answer needs it, but for the page, which asks for it", () =>
  withSite(
    { auth: TOKEN, stats: () => ({ secret: 1 }), ingest: { target: { write: () => true } } },
    async ({ tail, url, server: { port } }) => {
      push(tail, 1, 1);
      const path = `http://${url}`;
      for (const target of ["", "/stats", "?follow=0", "?v=1"]) {
        const refused = await fetch(`${path}${target}`);
        assert.equal(refused.status, 401, target);
        assert.match(refused.headers.get("www-authenticate") ?? "", /^Bearer/);
        assert.match(await refused.text(), /^Not allowed: send the token as /);
      }
      for (const target of ["/ticket", "/ingest"]) {
        const refused = await fetch(`${path}${target}`, { method: "POST", body: "x" });
        assert.equal(refused.status, 401, target);
        await refused.text();
      }
      const upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ];
      const line = (headers: readonly string[], target = "/logs") =>
        rawHead(port, [
          `GET ${target} HTTP/1.1`,
          `Host: 127.0.0.1:${port}`,
          ...upgrade,
          ...headers,
        ]);
      assert.match(await line([]), /401/);
      assert.match(await line([`Authorization: Bearer ${TOKEN}`]), /101/);
      const page = await fetch(path, { headers: { accept: "text/html" } });
      assert.equal(page.status, 200);
      assert.doesNotMatch(await page.text(), new RegExp(`${TOKEN}|record 1`));
      assert.equal((await textOf(`${path}?follow=0`, { headers: bearer })).length, 1);
      const wrong = { authorization: `Bearer ${TOKEN}x` };
      const refused = await fetch(`${path}?follow=0`, { headers: wrong });
      assert.equal(refused.status, 401);
      await refused.text();
    },
  ));

test("a ticket opens one stream, once, and for 30 seconds", () => {
  const clock = fakeClock();
  return withSite({ auth: [TOKEN, TOKEN + "-other"], clock }, async ({ tail, url }) => {
    push(tail, 1, 1);
    const path = `http://${url}`;
    const issue = async () => {
      const response = await fetch(`${path}/ticket`, { method: "POST", headers: bearer });
      const { ticket, expiresMs } = await response.json();
      assert.equal(expiresMs, 30_000);
      assert.match(ticket, /^[0-9a-f]{32}$/);
      return ticket as string;
    };
    const status = async (ticket: string) => {
      const response = await fetch(`${path}?follow=0&ticket=${ticket}`);
      await response.text();
      return response.status;
    };
    const ticket = await issue();
    assert.deepEqual([await status(ticket), await status(ticket)], [200, 401]);
    const late = await issue();
    await clock.advance(30_000);
    assert.equal(await status(late), 401);
    assert.equal(await status("0".repeat(32)), 401);
  });
});

test("a function decides by the request, and guards the page as well", () =>
  withSite(
    { auth: (request) => request.headers.get("cookie") === "session=me" },
    async ({ tail, url }) => {
      push(tail, 1, 1);
      const accept = { accept: "text/html" };
      const page = await fetch(`http://${url}`, { headers: accept });
      assert.equal(page.status, 401);
      await page.text();
      const headers = { cookie: "session=me" };
      assert.equal((await textOf(`http://${url}?follow=0`, { headers })).length, 1);
      const own = await fetch(`http://${url}`, { headers: { ...accept, ...headers } });
      assert.equal(own.status, 200);
      await own.text();
    },
  ));

test("other hosts need auth, and a token must be hard to guess", () => {
  const tail = createTail();
  assert.throws(() => tailRoutes(tail, { allowRemote: true }), {
    name: "TypeError",
    message: /^Cannot show the tail to other hosts without "auth": give a token/,
  });
  assert.throws(() => tailRoutes(tail, { hosts: ["logs.example"] }), TypeError);
  assert.throws(() => tailRoutes(tail, { auth: "short" }), {
    name: "RangeError",
    message: /at least 16/,
  });
  assert.throws(() => tailRoutes(tail, { auth: [] }), { name: "RangeError", message: /empty/ });
  assert.ok(tailRoutes(tail, { allowRemote: true, auth: () => true }));
  assert.ok(tailRoutes(tail, { hosts: ["logs.example"], auth: TOKEN }));
});

test("a listed origin may read the answers, and asks first where it sends a token", () =>
  withSite({ auth: TOKEN, origins: ["https://ops.example"] }, async ({ tail, url }) => {
    push(tail, 1, 1);
    const origin = "https://ops.example";
    const answer = await fetch(`http://${url}?follow=0`, { headers: { ...bearer, origin } });
    assert.equal(answer.headers.get("access-control-allow-origin"), origin);
    assert.match(answer.headers.get("vary") ?? "", /Origin/);
    await answer.text();
    const asked = await fetch(`http://${url}`, { method: "OPTIONS", headers: { origin } });
    assert.equal(asked.status, 204);
    assert.match(asked.headers.get("access-control-allow-headers") ?? "", /Authorization/);
    const evil = await fetch(`http://${url}`, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example" },
    });
    assert.equal(evil.status, 403);
    assert.equal(evil.headers.get("access-control-allow-origin"), null);
    await evil.text();
  }));

test("each address has only so many seats, and loopback as many as there are", async () => {
  const tail = createTail();
  tail.write("hello");
  let address: string | undefined = "10.0.0.1";
  const connInfo = () => ({ remote: address === undefined ? {} : { address } });
  const app = new Hono().route(
    "/",
    tailRoutes(tail, { connInfo, maxClients: 4, maxClientsPerAddress: 2 }),
  );
  const responses: Response[] = [];
  const ask = async () => {
    const response = await app.request("/logs", { headers: { host: "localhost" } });
    responses.push(response);
    return response.status;
  };
  assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 503]);
  address = "10.0.0.2";
  assert.equal(await ask(), 200);
  await responses[0]?.body?.cancel();
  address = "10.0.0.1";
  assert.deepEqual([await ask(), await ask()], [200, 503]);
  address = "127.0.0.1";
  assert.deepEqual([await ask(), await ask()], [200, 503]);
  await Promise.all(responses.map((response) => response.body?.cancel()));
  address = "127.0.0.1";
  assert.deepEqual([await ask(), await ask(), await ask(), await ask(), await ask()], [
    200,
    200,
    200,
    200,
    503,
  ]);
  tail.close();
});

test("limits that are none are refused with the number and what is allowed", () => {
  const tail = createTail();
  const wrong = [{ maxClients: 0 }, { maxClients: 1.5 }, { maxClientsPerAddress: NaN }];
  for (const options of wrong) {
    assert.throws(() => tailRoutes(tail, options), {
      name: "RangeError",
      message: /positive integer/,
    });
  }
  const ingest = { target: { write: () => true }, maxBodyBytes: -1 };
  assert.throws(() => tailRoutes(tail, { ingest }), {
    name: "RangeError",
    message: /maxBodyBytes -1/,
  });
});
