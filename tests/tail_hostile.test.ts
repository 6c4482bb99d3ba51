/** What a client of the tail may try, and what it must not get. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "hono";
import { createTail } from "../src/tail/hub.ts";
import { tailRoutes, type Upgrade } from "../src/tail/http/routes.ts";
import { lineOf, push, rawHead, textOf, withSite } from "./support/tail_site.ts";

test("no part of a URL brings a regular expression to the server", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 3);
    const patterns = ["since=15m /record/", "since=15m -x", "q=/record/", "q=word /record/i"];
    for (const query of patterns) {
      const response = await fetch(`http://${url}?follow=0&${encodeURI(query)}`);
      const text = await response.text();
      assert.equal(response.status, 400, `${query}: ${text}`);
      assert.match(text, /page only|^Invalid since: /);
    }
  }));

test("a ticket reads, and neither posts nor buys another ticket", () => {
  const auth = "a token of sixteen or more".replaceAll(" ", "-");
  const ingest = { target: { write: () => true } };
  return withSite({ auth, ingest }, async ({ tail, url }) => {
    push(tail, 1, 1);
    const headers = { authorization: `Bearer ${auth}` };
    const issued = await fetch(`http://${url}/ticket`, { method: "POST", headers });
    const { ticket } = await issued.json();
    for (const path of ["ticket", "ingest"]) {
      const response = await fetch(`http://${url}/${path}?ticket=${ticket}`, { method: "POST" });
      await response.text();
      assert.equal(response.status, 401, path);
    }
    assert.equal((await textOf(`http://${url}?follow=0&ticket=${ticket}`)).length, 1);
  });
});

test("a place before the first record is no gap, and behind the last no record", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 3);
    const all = [1, 2, 3].map((seq) => lineOf(seq));
    const cases: [query: string, lines: string[]][] = [
      ["from=0", all],
      ["from=1", all],
      ["from=3", all.slice(2)],
      ["from=4", []],
      ["from=999999999999999", []],
      ["from=-0", []],
      ["from=-999999999999999", all],
      ["from=0&to=0", []],
      ["from=3&to=2", []],
      ["from=2&to=999999999999999", all.slice(1)],
    ];
    for (const [query, lines] of cases) {
      assert.deepEqual(await textOf(`http://${url}?follow=0&${query}`), lines, query);
    }
    assert.equal(tail.stats().missed, 0);
  }));

test("a download tells what it lacks of what was asked for, and no more", () =>
  withSite({ tail: createTail({ maxBytes: 256, run: "run-2" }) }, async ({ tail, url }) => {
    const gapsOf = async (query: string) =>
      (await textOf(`http://${url}?follow=0&${query}`))
        .map((line) => JSON.parse(line))
        .filter(({ $ }) => $ === "gap")
        .map(({ from, to, n, why }) => [from, to, n, why]);
    assert.deepEqual(await gapsOf("from=run-1.50"), [[1, 0, 0, "restart"]]);
    push(tail, 1, 100);
    const { firstSeq } = tail.stats();
    assert.deepEqual(await gapsOf("from=5&to=9"), [[5, 9, 5, "evicted"]]);
    assert.deepEqual(await gapsOf("from=9&to=5"), []);
    assert.deepEqual(await gapsOf("from=5"), [[5, firstSeq - 1, firstSeq - 5, "evicted"]]);
    assert.deepEqual(await gapsOf("from=run-1.50&to=3"), [[1, 0, 0, "restart"], [
      1,
      3,
      3,
      "evicted",
    ]]);
  }));

test("a client that goes while a place is looked for is no failure of the server", async () => {
  const tail = createTail({ maxBytes: 1024 });
  const app = tailRoutes(tail, { maxClients: 1 });
  const failures: unknown[] = [];
  app.onError((error, c) => {
    failures.push(error);
    return c.text("failed", 500);
  });
  push(tail, 1, 3);
  const headers = { host: "localhost" };
  const response = await app.request("/logs?from=-1&q=record", { headers });
  const reader = response.body!.getReader();
  const reading = reader.read();
  await reader.cancel();
  assert.equal((await reading).done, true);
  assert.deepEqual([failures, tail.stats().clients], [[], 0]);
  assert.equal((await app.request("/logs?follow=0", { headers })).status, 200);
});

test("an upgrade that is no GET or lacks its Connection header is refused by us", () =>
  withSite({}, async ({ server }) => {
    const rest = [
      "Host: localhost",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    const connection = "Connection: keep-alive, Upgrade";
    const whole = await rawHead(server.port, ["GET /logs HTTP/1.1", connection, ...rest]);
    assert.match(whole, /^HTTP\/1.1 101 /);
    for (const more of [[], ["Connection: keep-alive"], ["Connection: upgrades"]]) {
      const answer = await rawHead(server.port, ["GET /logs HTTP/1.1", ...more, ...rest]);
      assert.match(answer, /^HTTP\/1.1 400 /, String(more));
    }
    const head = await rawHead(server.port, ["HEAD /logs HTTP/1.1", connection, ...rest]);
    // Node refuses it before anybody is asked.
    assert.match(head, /^HTTP\/1.1 40[05] /);
  }));

test("an EventSource that is cut off right behind a restart misses nothing of the new run", () => {
  const log = "0123456789abcdef";
  const tail = createTail({ maxBytes: 64 * 1024, run: `${log}.2`, nextSeq: 51 });
  return withSite({ tail }, async ({ url }) => {
    const read = async (id: string, more = "") => {
      const headers = { accept: "text/event-stream", "last-event-id": id };
      return await (await fetch(`http://${url}?follow=0${more}`, { headers })).text();
    };
    for (const more of ["", "&v=1"]) {
      const told = await read(`${log}.1.60`, more);
      assert.match(told, /"from":51,"to":60,"n":10,"why":"restart"/);
      assert.deepEqual(told.match(/(?<=^id: ).*/gm), [`${log}.2.50`]);
    }
    push(tail, 51, 51);
    assert.match(await read(`${log}.2.50`), /record 51/);
  });
});

test("a socket counts for the address that its handshake came from", async () => {
  let isRequest = true;
  const connInfo = () => {
    // As Deno does; Bun tells of no address.
    if (!isRequest) throw new TypeError("Request closed");
    return { remote: { address: "10.0.0.1" } };
  };
  const closed: unknown[] = [];
  const raw = { readyState: 1, send: () => {}, close: (code: number) => closed.push(code) };
  const upgradeWebSocket: Upgrade = (createEvents) => (c: Context) => {
    const events = createEvents(c);
    isRequest = false;
    events.onOpen(undefined, { raw: { ...raw } });
    isRequest = true;
    return c.body(null);
  };
  const tail = createTail();
  const app = tailRoutes(tail, { connInfo, upgradeWebSocket, maxClientsPerAddress: 2 });
  for (let i = 0; i < 3; i++) await app.request("/logs", { headers: { host: "localhost" } });
  assert.deepEqual(closed, [4429]);
  tail.close();
});
