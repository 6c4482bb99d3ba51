import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { streamSSE } from "hono/streaming";
import { createWriter, type Logger, type LogRecord } from "../mod.ts";
import {
  requestLog,
  type RequestLogOptions,
  type RequestLogVariables,
} from "../src/adapters/hono_logger.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { type SiteOptions, withSite } from "./support/tail_site.ts";

type App = Hono<{ Variables: RequestLogVariables<Logger> }>;

/** An application with a request log in front, and the records it makes. */
function logging(options: RequestLogOptions = {}): { app: App; records: LogRecord[] } {
  const records: LogRecord[] = [];
  const writer = createWriter({ mode: "sync", process: (one) => void records.push(one) });
  const app: App = new Hono();
  app.use(
    requestLog(writer.logger("http"), { requestId: () => "made", clock: fakeClock(), ...options }),
  );
  return { app, records };
}

/** The fields of one record, without those that every request has. */
function fieldsOf(record: LogRecord | undefined): Record<string, unknown> {
  const { method: _m, path: _p, status: _s, durationMs: _d, requestId: _r, ...rest } = record!
    .fields as Record<string, unknown>;
  return rest;
}

test("each request is one record with what was asked and answered", async () => {
  const clock = fakeClock();
  const { app, records } = logging({ clock });
  app.post("/orders/:id", async (c) => {
    await clock.advance(12.3456);
    return c.text("done", 201, { "content-length": "4" });
  });
  const response = await app.request("http://shop/orders/7?page=2&empty", {
    method: "POST",
    headers: { "user-agent": "test/1" },
  });
  assert.equal(await response.text(), "done");
  assert.equal(response.headers.get("x-request-id"), "made");
  assert.deepEqual(records.map(({ time: _, ...rest }) => rest), [{
    level: "info",
    msg: "POST /orders/7 201",
    logger: "http",
    fields: {
      requestId: "made",
      method: "POST",
      path: "/orders/7",
      query: "page=2&empty",
      status: 201,
      durationMs: 12.346,
      bytes: 4,
      userAgent: "test/1",
    },
  }]);
});

test("the level follows the status, and only a failure of the server carries its error", async () => {
  const { app, records } = logging();
  app.get("/ok", (c) => c.body(null, 204));
  app.get("/moved", (c) => c.redirect("/ok"));
  app.get("/forbidden", () => {
    throw new HTTPException(403, { message: "no" });
  });
  app.get("/broken", () => {
    throw new TypeError("broken");
  });
  app.get("/unavailable", (c) => c.text("", 503));
  app.onError((error, c) => error instanceof HTTPException ? error.getResponse() : c.text("", 500));
  for (const path of ["ok", "moved", "forbidden", "missing", "broken", "unavailable"]) {
    await app.request(`/${path}`);
  }
  assert.deepEqual(records.map(({ level, msg }) => `${level} ${msg}`), [
    "info GET /ok 204",
    "info GET /moved 302",
    "warn GET /forbidden 403",
    "warn GET /missing 404",
    "error GET /broken 500",
    "error GET /unavailable 503",
  ]);
  const errors = records.map(({ fields }) => (fields!.error as { message: string })?.message);
  assert.deepEqual(errors, [undefined, undefined, undefined, undefined, "broken", undefined]);
});

test("what no error handler of Hono's takes is logged and goes on", async () => {
  const { app, records } = logging();
  app.get("/", () => {
    throw "a text";
  });
  await assert.rejects(async () => await app.request("/"), (thrown) => thrown === "a text");
  assert.deepEqual(records.map(({ level, fields }) => [level, fields!.status, fields!.error]), [
    ["error", 500, "a text"],
  ]);
});

const IDS: readonly [given: string, isKept: boolean][] = [
  ["0af76519-16cd-43dd", true],
  ["a.b_c:d=e+f/g@h", true],
  ["x".repeat(128), true],
  ["x".repeat(129), false],
  ["two words", false],
  ["<script>", false],
  ['"},{"level":"error', false],
];
for (const [given, isKept] of IDS) {
  test(`a request id ${given.slice(0, 20)} of ${given.length} characters is ${isKept ? "kept" : "replaced"}`, async () => {
    const { app, records } = logging();
    app.get("/", (c) => c.text(c.get("requestId")));
    const response = await app.request("/", { headers: { "x-request-id": given } });
    const id = isKept ? given : "made";
    assert.equal(await response.text(), id);
    assert.equal(response.headers.get("x-request-id"), id);
    assert.equal(records[0]!.fields!.requestId, id);
  });
}

test("a request without an id gets a UUID, each one another", async () => {
  const records: LogRecord[] = [];
  const writer = createWriter({ mode: "sync", process: (one) => void records.push(one) });
  const app = new Hono().use(requestLog(writer.logger())).get("/", (c) => c.text(""));
  await app.request("/");
  await app.request("/");
  const ids = records.map(({ fields }) => String(fields!.requestId));
  assert.match(ids[0]!, /^[0-9a-f-]{36}$/);
  assert.notEqual(ids[0], ids[1]);
});

test("the logger of a handler carries the id of its request, and the trace it belongs to", async () => {
  const { app, records } = logging();
  app.get("/", (c) => {
    c.get("log").info("inside", { step: 1 });
    return c.text("");
  });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  await app.request("/", { headers: { traceparent } });
  await app.request("/", { headers: { traceparent: traceparent.replace(/[a-f]/g, "0_") } });
  const [inside, request, other] = records;
  assert.deepEqual([inside!.msg, inside!.traceId, inside!.fields], ["inside", traceId, {
    requestId: "made",
    step: 1,
  }]);
  assert.equal(request!.traceId, traceId);
  assert.equal(other!.traceId, undefined);
});

const QUERIES: readonly [query: string, logged: string][] = [
  ["a=1&token=abc&b=2", "a=1&token=[redacted]&b=2"],
  [
    "ACCESS_TOKEN=abc&api-key=x&apiKey=y",
    "ACCESS_TOKEN=[redacted]&api-key=[redacted]&apiKey=[redacted]",
  ],
  ["%74oken=abc&user%5Bpassword%5D=x", "%74oken=[redacted]&user%5Bpassword%5D=[redacted]"],
  ["user.password=x=y&code=z", "user.password=[redacted]&code=[redacted]"],
  ["ticket=abc&Ssn-No=1", "ticket=[redacted]&Ssn-No=[redacted]"],
  ["tokens=1&keyboard=2&token&=x", "tokens=1&keyboard=2&token&=x"],
  ["%zz=1&%zztoken=2", "%zz=1&%zztoken=2"],
];
for (const [query, expected] of QUERIES) {
  test(`of the query ${query} the log keeps no secret`, async () => {
    const { app, records } = logging({ redact: ["ticket", "ssnNo"] });
    await app.request(`/?${query}`);
    assert.equal(records[0]!.fields!.query, expected);
  });
}

test("headers are logged if asked for, those with secrets withheld", async () => {
  const { app, records } = logging({ headers: true, redact: ["X-Internal"] });
  app.get("/", (c) => {
    c.header("set-cookie", "session=secret");
    c.header("x-internal", "secret");
    return c.text("");
  });
  await app.request("/", {
    headers: { Authorization: "Bearer secret", "X-Api-Key": "secret", accept: "text/plain" },
  });
  const { requestHeaders, responseHeaders } = fieldsOf(records[0]);
  assert.deepEqual(requestHeaders, {
    accept: "text/plain",
    authorization: "[redacted]",
    "x-api-key": "[redacted]",
  });
  assert.deepEqual(responseHeaders, {
    "content-type": "text/plain; charset=UTF-8",
    "set-cookie": "[redacted]",
    "x-internal": "[redacted]",
    "x-request-id": "made",
  });
  const { app: quiet, records: fewer } = logging();
  await quiet.request("/", { headers: { authorization: "secret" } });
  assert.deepEqual(fieldsOf(fewer[0]), {});
});

test("a request can be skipped, and more be said of one", async () => {
  const { app, records } = logging({
    skip: (c) => c.req.url.endsWith("/health"),
    fields: (c) => ({ tenant: c.req.raw.headers.get("host"), status: 299 }),
  });
  app.get("/health", (c) => c.text(c.get("requestId")));
  const response = await app.request("/health");
  assert.equal(await response.text(), "made");
  await app.request("/", { headers: { host: "a.example" } });
  assert.deepEqual(records.map(({ fields }) => [fields!.path, fields!.tenant, fields!.status]), [
    ["/", "a.example", 299],
  ]);
});

test("what skip and fields throw fails no request", async () => {
  const { app, records } = logging({
    skip: () => {
      throw new Error("skip is broken");
    },
  });
  app.get("/", (c) => c.text("fine"));
  const response = await app.request("/");
  assert.equal(await response.text(), "fine");
  assert.deepEqual(fieldsOf(records[0]), { logError: "skip is broken" });
});

test("a stream of events is logged when it begins, or when it has ended with its bytes", async () => {
  for (const until of ["headers", "body"] as const) {
    const clock = fakeClock();
    const { app, records } = logging({ until, clock });
    const gate = Promise.withResolvers<void>();
    app.get("/", (c) =>
      streamSSE(c, async (stream) => {
        await stream.writeSSE({ data: "1" });
        await gate.promise;
      }));
    const response = await app.request("/");
    assert.equal(response.headers.get("x-request-id"), "made");
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(records.length, until === "headers" ? 1 : 0);
    await clock.advance(5000);
    gate.resolve();
    assert.equal(await response.text(), "data: 1\n\n");
    const [record, ...more] = records;
    const { bytes, durationMs } = record!.fields!;
    assert.deepEqual([bytes, durationMs], until === "headers" ? [undefined, 0] : [9, 5000]);
    assert.deepEqual(more, []);
  }
});

test("a client that goes away and a body that breaks are told with what they got", async () => {
  const { app, records } = logging({ until: "body" });
  let cancelled: unknown;
  app.get("/endless", () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: (reason) => void (cancelled = reason),
      }, { highWaterMark: 0 }),
    ));
  app.get("/broken", () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(3));
          controller.error(new Error("broke"));
        },
      }, { highWaterMark: 0 }),
    ));
  app.get("/empty", (c) => c.body(null));
  const endless = await app.request("/endless");
  assert.equal(endless.headers.get("x-request-id"), "made");
  const reader = endless.body!.getReader();
  await reader.read();
  await reader.cancel("gone");
  assert.equal(cancelled, "gone");
  const broken = await app.request("/broken");
  await assert.rejects(() => broken.text());
  await app.request("/empty");
  const told = records.map(({ level, fields }) => {
    const { bytes, aborted, error } = fields as Record<string, unknown>;
    return [level, bytes, aborted, (error as Error)?.message];
  });
  assert.deepEqual(told, [
    ["info", 10, true, undefined],
    ["error", told[1]![1], undefined, "broke"],
    ["info", 0, undefined, undefined],
  ]);
});

test("a response that may not be changed gets the id as well", async () => {
  const { app, records } = logging();
  app.get("/", () => Response.redirect("http://elsewhere/"));
  const response = await app.request("/");
  assert.equal(response.headers.get("x-request-id"), "made");
  assert.equal(response.headers.get("location"), "http://elsewhere/");
  assert.equal(records.length, 1);
});

test("what a client sends makes no record longer than it may be", async () => {
  const { app, records } = logging();
  const long = "x".repeat(10_000);
  await app.request(`/${long}?a=${long}`, { headers: { "user-agent": long } });
  const { path, query, userAgent } = records[0]!.fields as Record<string, string>;
  assert.deepEqual([path!.length, query!.length, userAgent!.length], [2048, 2048, 2048]);
  assert.ok(records[0]!.msg.length < 2100);
});

for (const until of ["headers", "body"] as const) {
  test(`behind a real server sockets and streams work, logged until ${until}`, async () => {
    const told: LogRecord[] = [];
    let next = Promise.withResolvers<LogRecord>();
    const writer = createWriter({
      mode: "sync",
      process: (record) => {
        told.push(record);
        next.resolve(record);
      },
    });
    const around = (routes: Hono): Hono =>
      new Hono().use(requestLog(writer.logger("http"), { until })).route("/", routes);
    await withSite({ around, access: "open" } as SiteOptions, async ({ tail, url }) => {
      tail.write("hello");
      const client = new WebSocket(`ws://${url}`);
      const said = await new Promise((resolve) => client.onmessage = ({ data }) => resolve(data));
      client.close();
      assert.equal(said, "hello");
      await next.promise;
      next = Promise.withResolvers();
      const whole = await fetch(`http://${url}?follow=0`);
      assert.match(await whole.text(), /hello/);
      assert.match(whole.headers.get("x-request-id")!, /^[0-9a-f-]{36}$/);
      const { msg, fields } = await next.promise;
      assert.equal(msg, "GET /logs 200");
      assert.deepEqual([fields!.query, "bytes" in fields!], ["follow=0", until === "body"]);
      next = Promise.withResolvers();
      const abort = new AbortController();
      const endless = await fetch(`http://${url}`, { signal: abort.signal });
      await endless.body!.getReader().read();
      abort.abort();
      const last = await next.promise;
      assert.equal(last.fields!.aborted, until === "body" ? true : undefined);
    });
    assert.equal(told.length, 3);
  });
}

test("misuse is one sentence", () => {
  assert.throws(() => requestLog({} as Logger), {
    name: "TypeError",
    message: 'Cannot log requests with this logger, it has no info(): pass pipeline.logger("http")',
  });
  const logger = createWriter({ process() {} }).logger();
  assert.throws(() => requestLog(logger, { until: "end" as "body" }), {
    name: "RangeError",
    message: 'Unknown until "end" of a request log: use headers or body',
  });
});
