import assert from "node:assert/strict";
import { test } from "node:test";
import { classifyError } from "../src/delivery/retry.ts";
import { RejectedError, RetryLaterError, SinkParkedError } from "../src/errors.ts";
import { type HttpFetch, httpSink, type HttpSinkOptions } from "../src/sink/http.ts";
import type { Batch, BatchSource, Sink, SinkContext } from "../src/sink/sink.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { batchOfLines } from "../src/testing/recording_sink.ts";
import { listen, type TestServer } from "./support/http_server.ts";

const source: BatchSource = {
  logId: "00c0ffee00c0ffee",
  lane: "web",
  run: "00c0ffee00c0ffee.3",
  runFirstSeq: 101,
};
const context: SinkContext = { signal: new AbortController().signal, attempt: 1, source };
const LINES = ['{"msg":"one"}', '{"msg":"zwei, größer"}', '{"msg":"a\\nb"}'];

function batch(count = 3, firstSeq = 17): Batch {
  return batchOfLines(Array.from({ length: count }, (_, i) => LINES[i % 3]!), firstSeq);
}

/** Writes a batch, and hands back what it threw. */
async function failure(sink: Sink, given: Batch = batch(), signal?: AbortSignal): Promise<unknown> {
  try {
    await sink.write(given, signal === undefined ? context : { ...context, signal });
  } catch (error) {
    return error;
  }
  return undefined;
}

function sinkTo(server: TestServer, options: Partial<HttpSinkOptions> = {}): Sink {
  return httpSink({ url: server.url, ...options });
}

test("httpSink() posts lines of JSON, and names them in a header", async () => {
  await using server = await listen((_, response) => response.end("thanks"));
  await sinkTo(server).write(batch(), context);
  const [request] = server.requests;
  assert.equal(request!.method, "POST");
  assert.equal(request!.text, LINES.map((line) => line + "\n").join(""));
  assert.equal(request!.headers["content-type"], "application/x-ndjson");
  assert.equal(
    request!.headers["logflume-sequence"],
    "00c0ffee00c0ffee/web; 17-19; run=3; since=101",
  );
});

test("httpSink() posts one JSON array", async () => {
  await using server = await listen((_, response) => response.end());
  await sinkTo(server, { format: "json", method: "PUT" }).write(batch(), context);
  const [request] = server.requests;
  assert.equal(request!.method, "PUT");
  assert.deepEqual(JSON.parse(request!.text), LINES.map((line) => JSON.parse(line)));
  assert.equal(request!.headers["content-type"], "application/json");
});

for (const format of ["ndjson", "json"] as const) {
  test(`httpSink() compresses ${format}`, async () => {
    await using server = await listen((_, response) => response.end());
    const given = batch(1000);
    await sinkTo(server, { gzip: true, format }).write(given, context);
    const [request] = server.requests;
    assert.equal(request!.headers["content-encoding"], "gzip");
    assert.ok(request!.bytes * 10 < given.bytes.length, `${request!.bytes} bytes`);
    const lines = format === "json"
      ? JSON.parse(request!.text)
      : given.lines().map((line) => JSON.parse(line));
    assert.deepEqual(lines, given.records());
  });
}

test("httpSink() asks for the headers before each request", async () => {
  await using server = await listen((_, response) => response.end());
  let calls = 0;
  const headers = () => Promise.resolve({ authorization: `Bearer ${++calls}` });
  const sink = sinkTo(server, { headers, sequenceHeader: false });
  await sink.write(batch(), context);
  await sink.write(batch(), context);
  assert.deepEqual(server.requests.map((one) => one.headers.authorization), [
    "Bearer 1",
    "Bearer 2",
  ]);
  assert.equal(server.requests[0]!.headers["logflume-sequence"], undefined);
});

test("httpSink() sends the name and password of the URL as basic authorization", async () => {
  await using server = await listen((_, response) => response.end());
  const url = server.url.replace("//", "//m%C3%BCller:ge%3Aheim@") + "?key=k1#part";
  await httpSink({ url }).write(batch(), context);
  const [request] = server.requests;
  const expected = btoa(String.fromCharCode(...new TextEncoder().encode("müller:ge:heim")));
  assert.equal(request!.headers.authorization, `Basic ${expected}`);
  assert.equal(request!.path, "/ingest?key=k1");
});

type Verdict = "again" | "rejected" | "too large" | "parked";

function verdictOf(error: unknown): Verdict | string {
  if (error instanceof RejectedError) return error.isTooLarge ? "too large" : "rejected";
  if (error instanceof SinkParkedError) return "parked";
  return error instanceof RetryLaterError ? "again" : `not expected: ${error}`;
}

const STATUSES: readonly [verdict: Verdict, statuses: readonly number[]][] = [
  ["again", [408, 425, 429, 500, 502, 503, 504, 507, 599]],
  ["rejected", [400, 402, 404, 405, 409, 410, 415, 422, 451, 501, 505]],
  ["too large", [413]],
  ["parked", [401, 403, 407, 300, 301, 302, 303, 304, 307]],
];

test("httpSink() tells by the status whether to send again, to reject or to park", async () => {
  for (const [verdict, statuses] of STATUSES) {
    for (const status of statuses) {
      const fetch: HttpFetch = () =>
        Promise.resolve(
          new Response(status === 304 ? null : "because", { status, statusText: "x" }),
        );
      const error = await failure(httpSink({ url: "https://a.example/in", fetch }), batch(1));
      assert.equal(verdictOf(error), verdict, `${status}`);
      assert.match(String(error), new RegExp(`https://a.example/in answered ${status}`));
      if (status !== 304 && status >= 400) assert.match(String(error), /because/);
    }
  }
});

test("httpSink() takes parkOn and retryOn instead", async () => {
  const verdicts: string[] = [];
  for (const status of [401, 404, 422]) {
    const fetch: HttpFetch = () => Promise.resolve(new Response("", { status }));
    const rules = { parkOn: [404], retryOn: [422] };
    verdicts.push(verdictOf(await failure(httpSink({ url: "http://a.example", fetch, ...rules }))));
  }
  assert.deepEqual(verdicts, ["rejected", "parked", "again"]);
});

test("httpSink() hands on how long a server asks it to wait", async () => {
  const clock = fakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const asked = ["2", "Thu, 01 Jan 2026 00:00:05 GMT", "abc", "410400", ""];
  await using server = await listen((_, response, nth) => {
    response.writeHead(nth % 2 === 0 ? 429 : 503, { "retry-after": asked[nth - 1]! }).end();
  });
  const sink = sinkTo(server, { clock });
  const waits: unknown[] = [];
  for (const _ of asked) waits.push((await failure(sink) as RetryLaterError).retryAfterMs);
  assert.deepEqual(waits, [2000, 5000, undefined, 410_400_000, undefined]);
});

test("httpSink() sends again when the connection breaks before an answer", async () => {
  await using server = await listen((_, response) => response.socket!.destroy());
  const error = await failure(sinkTo(server));
  assert.equal(verdictOf(error), "again", String(error));
  assert.match(String(error), /Cannot reach http:\/\/127\.0\.0\.1:\d+\/ingest: ./);
});

test("httpSink() sends again when nobody listens", async () => {
  const server = await listen(() => {});
  await server[Symbol.asyncDispose]();
  const error = await failure(sinkTo(server));
  assert.equal(verdictOf(error), "again", String(error));
  assert.match(String(error), /Cannot reach .*refused|Cannot reach .*ECONNREFUSED/i);
});

test("httpSink() gives up on a server that does not answer in time", async () => {
  const clock = fakeClock();
  await using server = await listen(() => {});
  const failed = failure(sinkTo(server, { clock }));
  await server.arrived(1);
  await clock.advance(29_999);
  assert.equal(clock.pending, 1);
  await clock.advance(1);
  const error = await failed;
  assert.equal(verdictOf(error), "again", String(error));
  assert.match(String(error), /did not answer in 30000 ms/);
  assert.equal(clock.pending, 0);
});

test("httpSink() gives up on a function for headers that does not answer in time", async () => {
  const clock = fakeClock();
  const headers = () => new Promise<never>(() => {});
  const failed = failure(httpSink({ url: "http://a.example", headers, clock, timeoutMs: 50 }));
  await clock.advance(50);
  const error = await failed;
  assert.equal(verdictOf(error), "again", String(error));
  assert.match(String(error), /Cannot make the headers for http:\/\/a.example\//);
});

test("httpSink() ends at once with the reason of an abort", async () => {
  const clock = fakeClock();
  await using server = await listen(() => {});
  const abort = new AbortController();
  const failed = failure(sinkTo(server, { clock }), batch(), abort.signal);
  await server.arrived(1);
  const reason = new Error("The pipeline is closing");
  abort.abort(reason);
  assert.equal(await failed, reason);
  assert.equal(await failure(sinkTo(server), batch(), abort.signal), reason);
  assert.equal(clock.pending, 0);
  assert.equal(server.requests.length, 1);
});

test("httpSink() says that it does not trust a certificate, and tries again", async () => {
  await using server = await listen((_, response) => response.end(), "tls");
  const error = await failure(sinkTo(server));
  assert.equal(verdictOf(error), "again", String(error));
  assert.match(String(error), /Cannot trust https:\/\/127.*, so nothing is sent: .*certificate/i);
  assert.equal(server.requests.length, 0);
});

test("httpSink() tries again where no TLS is spoken", async () => {
  await using server = await listen((_, response) => response.end());
  const error = await failure(httpSink({ url: server.url.replace("http:", "https:") }));
  assert.equal(verdictOf(error), "again", String(error));
});

test("httpSink() has delivered when the answer breaks off after a 200", async () => {
  const answered = Promise.withResolvers<void>();
  await using server = await listen(async (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half of it");
    await answered.promise;
    response.socket!.destroy();
  });
  assert.equal(await failure(sinkTo(server)), undefined);
  answered.resolve();
});

test("httpSink() has delivered when the body after a 200 never ends, and close() lets it go", async () => {
  const clock = fakeClock();
  const gone = Promise.withResolvers<void>();
  await using server = await listen((_, response) => {
    response.socket!.on("close", () => gone.resolve());
    response.writeHead(200).write("and so on");
  });
  const sink = sinkTo(server, { clock });
  assert.equal(await failure(sink), undefined);
  assert.equal(clock.pending, 1);
  await sink.close!();
  await gone.promise;
});

test("httpSink() keeps few connections to a server whose answers never end", async () => {
  const writes = 60;
  const most = 32;
  let closed = 0;
  const enough = Promise.withResolvers<void>();
  await using server = await listen((_, response) => {
    response.on("close", () => ++closed === writes - most && enough.resolve());
    response.writeHead(200).write("and so on");
  });
  const clock = fakeClock();
  const sink = sinkTo(server, { clock });
  for (let i = 0; i < writes; i++) assert.equal(await failure(sink), undefined);
  await enough.promise;
  assert.equal(clock.pending, most);
  await sink.close!();
});

test("httpSink() judges by the status when the body of a refusal breaks off", async () => {
  const answered = Promise.withResolvers<void>();
  await using server = await listen(async (_, response) => {
    response.writeHead(422, { "content-length": "1000" });
    response.write("field msg is");
    await answered.promise;
    response.socket!.destroy();
  });
  const fetching: HttpFetch = async (url, init) => {
    const response = await fetch(url, init);
    answered.resolve();
    return response;
  };
  const error = await failure(sinkTo(server, { fetch: fetching }));
  assert.equal(verdictOf(error), "rejected", String(error));
  assert.equal((error as RejectedError).status, 422);
});

test("httpSink() leaves no connection open behind a refusal", async () => {
  await using server = await listen((_, response) =>
    response.writeHead(503).write("x".repeat(1e5))
  );
  const sink = sinkTo(server);
  for (let i = 0; i < 30; i++) assert.equal(verdictOf(await failure(sink)), "again");
  assert.equal(server.requests.length, 30);
  // Runtimes may keep one to use it again.
  await server.atMostOpen(1);
});

test("httpSink() follows 307 and 308 within the origin, with body and headers", async () => {
  await using server = await listen((request, response) => {
    if (request.path === "/new/place") return response.end();
    const location = request.path === "/ingest" ? "/new/" : "place";
    response.writeHead(request.path === "/ingest" ? 307 : 308, { location }).end("moved");
  });
  const sink = sinkTo(server, { headers: { authorization: "Bearer token" } });
  assert.equal(await failure(sink), undefined);
  assert.deepEqual(server.requests.map(({ path }) => path), ["/ingest", "/new/", "/new/place"]);
  const last = server.requests[2]!;
  assert.deepEqual([last.method, last.seqs, last.headers.authorization], [
    "POST",
    [17, 18, 19],
    "Bearer token",
  ]);
});

test("httpSink() follows no redirect to another origin, none to a GET, and no endless one", async () => {
  const stranger = await listen((_, response) => response.end());
  await using server = await listen(({ path }, response) => {
    const locations: Record<string, string> = {
      "/302": "/new?key=secret",
      "/307": `${stranger.url}?key=secret`,
      "/login": server.url.replace("//", "//user:password@"),
    };
    const location = locations[path] ?? "/round";
    response.writeHead(path === "/302" ? 302 : 307, { location }).end();
  });
  const at = (path: string, options: Partial<HttpSinkOptions> = {}) =>
    failure(httpSink({ url: new URL(path, server.url), ...options }));
  const errors = [
    await at("/302"),
    await at("/307"),
    await at("/login"),
    await at("/round", { maxRedirects: 2 }),
  ];
  await stranger[Symbol.asyncDispose]();
  assert.deepEqual(errors.map(verdictOf), ["parked", "parked", "parked", "parked"]);
  assert.match(String(errors[0]), /answered 302 and points to \/new, .*set the option "url"/);
  assert.match(String(errors[1]), /points to http:\/\/127\.0\.0\.1:\d+\/ingest\?\.\.\., /);
  assert.doesNotMatch(errors.join(), /secret|password/);
  assert.equal(stranger.requests.length, 0);
  assert.equal(server.requests.length, 1 + 1 + 1 + 3);
});

test("httpSink() tells the status of every refusal, and a status to send again is sent again", async () => {
  await using server = await listen(({ path }, response) => {
    response.writeHead(Number(path.slice(1))).end();
  });
  for (const status of [400, 404, 408, 413, 422, 425, 429, 500, 501, 503]) {
    const url = new URL(`/${status}`, server.url);
    const error = await failure(httpSink({ url }), batch(1)) as RejectedError;
    assert.equal(error.status, status);
    const again = await failure(httpSink({ url, retryOn: [status] }), batch(1)) as RetryLaterError;
    assert.equal(again.status, status);
    assert.equal(classifyError(again), "retry");
  }
});
