import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openPipeline } from "../mod.ts";
import { createTail } from "../src/tail/hub.ts";
import { tailRoutes } from "../src/tail/http/routes.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { lineOf, linesOf, push, textOf, withSite } from "./support/tail_site.ts";

const sse = { headers: { accept: "text/event-stream" } };

interface Event {
  readonly id?: string;
  readonly name: string;
  readonly data: string;
}

/** The events of a stream of server-sent events, as the standard reads them. */
function eventsOf(text: string): Event[] {
  return text.split("\n\n").map((block) => {
    const of = (key: string) =>
      block.split("\n").filter((line) => line.startsWith(`${key}: `)).map((line) =>
        line.slice(key.length + 2)
      );
    const [id] = of("id");
    return { name: of("event")[0] ?? "message", data: of("data").join("\n"), ...id && { id } };
  }).filter(({ data }) => data !== "");
}

test("server-sent events: lines by batch, the place as identity, gaps as events of their own", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 3);
    const response = await fetch(`http://${url}?follow=0`, sse);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    const text = await response.text();
    assert.ok(text.startsWith("retry: 1000\n\n"));
    const lines = [1, 2, 3].map((seq) => lineOf(seq)).join("\n");
    assert.deepEqual(eventsOf(text), [{ id: "run-1.3", name: "message", data: lines }]);
    const gap = await (await fetch(`http://${url}?follow=0&from=other-run.9`, sse)).text();
    assert.deepEqual(eventsOf(gap)[0], {
      id: "run-1.0",
      name: "gap",
      data: '{"$":"gap","from":1,"to":0,"n":0,"why":"restart"}',
    });
  }));

test("server-sent events go on behind Last-Event-ID, and never repeat it", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 5);
    const headers = { ...sse.headers, "last-event-id": "run-1.3" };
    const text = await (await fetch(`http://${url}?follow=0&from=kept`, { headers })).text();
    assert.deepEqual(eventsOf(text), [
      { id: "run-1.5", name: "message", data: [lineOf(4), lineOf(5)].join("\n") },
    ]);
  }));

test("a stream goes on behind a place of a pipeline's own tail", async () => {
  const store = memoryStore();
  await using pipeline = await openPipeline({ sinks: {}, wal: { store } });
  await withSite({ tail: pipeline.tail }, async ({ url }) => {
    for (let i = 1; i <= 5; i++) await pipeline.append({ msg: `record ${i}` });
    const [first] = eventsOf(await (await fetch(`http://${url}?to=3`, sse)).text());
    assert.equal(first?.id, `${pipeline.tail.run}.3`);
    const lines = await textOf(`http://${url}?follow=0&from=${first?.id}`);
    assert.deepEqual(lines.map((line) => JSON.parse(line).msg), ["record 4", "record 5"]);
    const headers = { ...sse.headers, "last-event-id": first?.id ?? "" };
    const events = eventsOf(await (await fetch(`http://${url}?follow=0`, { headers })).text());
    assert.equal(events.at(-1)?.id, `${pipeline.tail.run}.5`);
    assert.equal(events.flatMap(({ data }) => data.split("\n")).length, 2);
  });
});

test("a carriage return in raw text cannot forge an event", () =>
  withSite({}, async ({ tail, url }) => {
    tail.write("one\r\ndata: two\rid: forged\nthree");
    const text = await (await fetch(`http://${url}?follow=0`, sse)).text();
    const [event] = eventsOf(text);
    assert.equal(eventsOf(text).length, 1);
    assert.equal(event?.id, "run-1.3");
    assert.deepEqual(event?.data.split("\n").map((line) => JSON.parse(line).msg), [
      "one\r",
      "data: two\rid: forged",
      "three",
    ]);
  }));

test("with v=1 a stream carries the messages of the protocol, a line each", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 2);
    const lines = linesOf(await fetch(`http://${url}?v=1`));
    const next = async () => JSON.parse(await lines.next() ?? "null");
    const hello = await next();
    assert.deepEqual([hello.t, hello.v, hello.run, hello.first, hello.last], [
      "hello",
      1,
      "run-1",
      1,
      2,
    ]);
    const batch = await next();
    assert.deepEqual([batch.t, batch.ph, batch.from, batch.to], ["b", "r", 1, 2]);
    assert.deepEqual(batch.r, [1, 2].map((seq) => [seq, JSON.parse(lineOf(seq))]));
    assert.deepEqual(await next(), { t: "live", seq: 3 });
    push(tail, 3, 3);
    assert.deepEqual(await next(), {
      t: "b",
      ph: "l",
      from: 3,
      to: 3,
      r: [[3, JSON.parse(lineOf(3))]],
    });
    await lines.cancel();
    const events = linesOf(await fetch(`http://${url}?v=1&follow=0`, sse));
    const seen: string[] = [];
    for (let line = await events.next(); line !== undefined; line = await events.next()) {
      if (line.startsWith("data: ")) seen.push(JSON.parse(line.slice(6)).t);
    }
    assert.deepEqual(seen, ["hello", "b"]);
  }));

test("from and to fetch exactly the records between, and end", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 100);
    assert.deepEqual(
      await textOf(`http://${url}?from=40&to=42`),
      [40, 41, 42].map((seq) => lineOf(seq)),
    );
    const messages = await textOf(`http://${url}?from=40&to=42&v=1`);
    const rows = messages.map((line) => JSON.parse(line)).flatMap(({ r = [] }) => r);
    assert.deepEqual(rows.map(([seq]: [number]) => seq), [40, 41, 42]);
    assert.deepEqual(await textOf(`http://${url}?from=99&to=400`), [lineOf(99), lineOf(100)]);
    assert.deepEqual(await textOf(`http://${url}?from=run-1.98&follow=0`), [
      lineOf(99),
      lineOf(100),
    ]);
  }));

test("q filters every stream, and from=-n means the last n that pass", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 1000, (seq) => seq % 100 === 0 ? { level: "error", msg: `broken ${seq}` } : {});
    const query = `q=${encodeURIComponent("level>=warn broken -300")}&follow=0`;
    const seqs = async (more: string) =>
      (await textOf(`http://${url}?${query}${more}`)).map((line) =>
        Number(JSON.parse(line).msg.split(" ")[1])
      );
    assert.deepEqual(await seqs(""), [100, 200, 400, 500, 600, 700, 800, 900, 1000]);
    assert.deepEqual(await seqs("&from=-3"), [800, 900, 1000]);
    assert.deepEqual(await seqs("&from=-3&to=950"), [800, 900]);
    const text = await (await fetch(`http://${url}?${query}`, sse)).text();
    assert.equal(eventsOf(text).flatMap(({ data }) => data.split("\n")).length, 9);
  }));

test("since begins at a moment", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 50);
    const since = JSON.parse(lineOf(48)).time;
    assert.deepEqual(
      await textOf(`http://${url}?follow=0&since=${since}`),
      [48, 49, 50].map((seq) => lineOf(seq)),
    );
  }));

test("a query that is none gets one sentence with the column, on every face", () =>
  withSite({}, async ({ url }) => {
    const cases: [query: string, sentence: RegExp][] = [
      ["q=level%3E%3Dloud", /column 8/i],
      ["q=%22open", /column 1/i],
      ["q=%2Fa%2B%2F", /page only/],
      ["since=soon", /since/],
      ["to=-1", /^Invalid to: /],
      ["from=tomorrow", /^Invalid from: /],
    ];
    for (const [query, sentence] of cases) {
      for (const headers of [{}, sse.headers] as Record<string, string>[]) {
        const response = await fetch(`http://${url}?${query}`, { headers });
        const text = await response.text();
        assert.equal(response.status, 400, query);
        assert.match(text, sentence);
        assert.equal(text.trim().split("\n").length, 1);
      }
    }
  }));

test("HEAD tells what GET would, and holds no seat", () =>
  withSite({ maxClients: 1 }, async ({ tail, url }) => {
    push(tail, 1, 1);
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`http://${url}`, { method: "HEAD" });
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /ndjson/);
    }
    assert.equal(tail.stats().clients, 0);
    assert.deepEqual(await textOf(`http://${url}?follow=0`), [lineOf(1)]);
  }));

test("a response that nobody reads gives its seat back after five minutes", async () => {
  const clock = fakeClock();
  const tail = createTail();
  push(tail, 1, 1);
  const app = tailRoutes(tail, { maxClients: 1, clock });
  const ask = () => app.request("/logs", { headers: { host: "localhost" } });
  const unread = await ask();
  assert.equal((await ask()).status, 503);
  await clock.advance(5 * 60_000);
  const next = await ask();
  assert.equal(next.status, 200);
  assert.equal(await linesOf(next).next(), lineOf(1));
  assert.equal(unread.status, 200);
  tail.close();
});

test("a reader that goes away gives its seat and its place back", () =>
  withSite({ maxClients: 1 }, async ({ tail, url }) => {
    push(tail, 1, 1);
    for (let i = 0; i < 3; i++) {
      const lines = linesOf(await fetch(`http://${url}`));
      assert.equal(await lines.next(), lineOf(1));
      await lines.cancel();
      while (tail.stats().clients > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }));

test("closing the tail ends every stream after the last record", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 2);
    const lines = linesOf(await fetch(`http://${url}`));
    assert.equal(await lines.next(), lineOf(1));
    push(tail, 3, 3);
    tail.close();
    assert.deepEqual([await lines.next(), await lines.next(), await lines.next()], [
      lineOf(2),
      lineOf(3),
      undefined,
    ]);
  }));
