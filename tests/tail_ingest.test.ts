import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { openPipeline } from "../mod.ts";
import { gzipSync } from "node:zlib";
import { recordingSink } from "../src/testing/recording_sink.ts";
import { createTail } from "../src/tail/hub.ts";
import { tailRoutes } from "../src/tail/http/routes.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { rawHead, withSite } from "./support/tail_site.ts";

async function post(url: string, body: BodyInit, headers: Record<string, string> = {}) {
  const response = await fetch(`http://${url}/ingest`, { method: "POST", body, headers });
  return { status: response.status, answer: await response.json(), headers: response.headers };
}

test("posted lines are records of the pipeline, durable when the answer says 200", async () => {
  await using pipeline = await openPipeline({ sinks: {} });
  await withSite({ tail: pipeline.tail, ingest: { target: pipeline } }, async ({ url }) => {
    const body = '{"level":"warn","msg":"one","fields":{"a":1}}\r\n\nplain text\n{"msg":"three"}';
    assert.deepEqual(await post(url, body).then(({ status, answer }) => [status, answer]), [200, {
      accepted: 3,
    }]);
    const gzip = { "content-encoding": "gzip" };
    const zipped = await post(url, new Uint8Array(gzipSync('{"msg":"four"}\n')), gzip);
    assert.deepEqual([zipped.status, zipped.answer], [200, { accepted: 1 }]);
    const records = pipeline.tail.recent(10).map((line) => JSON.parse(line));
    assert.deepEqual(records.map(({ msg, level }) => [msg, level]), [
      ["one", "warn"],
      ["plain text", "info"],
      ["three", "info"],
      ["four", "info"],
    ]);
    assert.equal((await post(url, "")).answer.accepted, 0);
  });
});

test("a full buffer answers 429 with Retry-After and says after how many lines", () => {
  let room = 2;
  const target = { write: () => room-- > 0 };
  return withSite({ ingest: { target } }, async ({ url }) => {
    const { status, answer, headers } = await post(url, "a\nb\nc\nd\n");
    assert.equal(status, 429);
    assert.equal(headers.get("retry-after"), "1");
    assert.deepEqual(answer, {
      accepted: 2,
      error: "The buffer is full: send the rest again later",
    });
  });
});

test("a body that is too long, broken or of a foreign encoding is refused whole", () => {
  const taken: string[] = [];
  const target = { write: (line: string) => taken.push(line) > 0 };
  return withSite({ ingest: { target, maxBodyBytes: 1000 } }, async ({ url }) => {
    const gzip = { "content-encoding": "gzip" };
    const cases: [BodyInit, Record<string, string>, number, RegExp][] = [
      ["x".repeat(1001), {}, 413, /at most 1000 bytes/],
      [new Uint8Array(gzipSync("x".repeat(100_000))), gzip, 413, /at most 1000 bytes/],
      ["no gzip at all", gzip, 400, /broken/],
      ["x", { "content-encoding": "br" }, 415, /"br": send gzip or none/],
      ["--x\r\n", { "content-type": "Multipart/form-data; boundary=x" }, 415, /x-ndjson or text/],
      ["a\0", { "content-type": 'text/plain; charset="UTF-16"' }, 415, /"utf-16": send UTF-8$/],
      [new Uint8Array(gzipSync("x\n".repeat(99)).subarray(0, -9)), gzip, 400, /broken/],
    ];
    for (const [body, headers, status, error] of cases) {
      const result = await post(url, body, headers);
      assert.equal(result.status, status);
      assert.match(result.answer.error, error);
      assert.equal(result.answer.accepted, 0);
    }
    assert.deepEqual(taken, []);
  });
});

test("lines are taken under every type that may hold them", () => {
  const taken: string[] = [];
  const target = { write: (line: string) => taken.push(line) > 0 };
  return withSite({ ingest: { target } }, async ({ url }) => {
    const types = [
      "application/x-www-form-urlencoded",
      "application/octet-stream",
      "text/plain; charset=UTF-8",
    ];
    for (const type of types) {
      assert.equal((await post(url, type, { "content-type": type })).status, 200);
    }
    assert.deepEqual(taken, types);
  });
});

test("nothing is taken of a body that is cut off between two of its lines", () =>
  withSite({ ingest: { target: { write: () => assert.fail("taken") } } }, async ({ server }) => {
    const chunked = "Transfer-Encoding: chunked\r\n\r\n6\r\nwhole\n\r\n";
    for (const rest of [chunked, "Content-Length: 100\r\n\r\nwhole\nhalf"]) {
      const head = ["POST /logs/ingest HTTP/1.1", "Host: localhost", rest];
      assert.ok(!(await cutOff(server.port, head.join("\r\n"))).includes(" 200 "));
    }
  }));

/** Sends a request that is no whole one and ends the connection; gives what was answered. */
function cutOff(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.end(text));
    socket.on("data", (part) => answer += String(part));
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

test("bodies that do not come in time give their places back, and nothing of them is taken", async () => {
  const clock = fakeClock();
  const taken: string[] = [];
  const ingest = {
    target: { write: (line: string) => taken.push(line) > 0 },
    bodyTimeoutMs: 9_000,
  };
  await withSite({ ingest, clock }, async ({ server, url }) => {
    const head = ["POST /logs/ingest HTTP/1.1", "Host: localhost", "Content-Length: 100", "", "a"];
    const slow = Array.from({ length: 8 }, () => rawHead(server.port, head));
    while (clock.pending < slow.length) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await post(url, "x")).status, 429);
    await clock.advance(9_000);
    for (const answer of await Promise.all(slow)) assert.match(answer, /^HTTP\/1.1 408 /);
    assert.deepEqual(taken, []);
    assert.equal((await post(url, "x")).status, 200);
    assert.equal(clock.pending, 0);
  });
});

test("many lines are taken in turns, so that others have theirs in between", async () => {
  let ms = 0;
  // Each look at the clock takes a millisecond: a turn is over after twenty lines.
  const clock = { ...fakeClock(), monotonic: () => ms++ };
  let [lines, turns, turnsAtLast] = [0, 0, 0];
  const write = () => {
    if (lines++ % 100 === 0) setImmediate(() => turns++);
    turnsAtLast = turns;
    return true;
  };
  await withSite({ ingest: { target: { write } }, clock }, async ({ url }) => {
    const { answer } = await post(url, "a\n".repeat(1000));
    assert.deepEqual([answer, lines], [{ accepted: 1000 }, 1000]);
    assert.ok(turnsAtLast >= 9, `${turnsAtLast} turns of others`);
  });
});

test("limits of ingest that are none are refused with what is allowed", () => {
  const target = { write: () => true };
  for (const maxBodyBytes of [0, -1, 1.5, NaN, "4" as unknown as number]) {
    assert.throws(
      () => tailRoutes(createTail(), { ingest: { target, maxBodyBytes } }),
      /^RangeError: Invalid maxBodyBytes .*: use a positive integer$/,
    );
  }
  assert.throws(
    () => tailRoutes(createTail(), { ingest: { target, bodyTimeoutMs: 0 } }),
    /^RangeError: Invalid bodyTimeoutMs 0: use a positive integer of at most 86400000$/,
  );
});

test("a store that fails answers 503 and not 200", () => {
  const target = { write: () => true, durable: () => Promise.reject(new Error("disk")) };
  return withSite({ ingest: { target } }, async ({ url }) => {
    const { status, answer } = await post(url, "a\n");
    assert.deepEqual([status, answer], [503, {
      accepted: 1,
      error: "The lines could not be made durable",
    }]);
  });
});

test("a page of another site cannot post", () =>
  withSite({ ingest: { target: { write: () => assert.fail("taken") } } }, async ({ url }) => {
    for (const origin of ["https://evil.example", "null"]) {
      const response = await fetch(`http://${url}/ingest`, {
        method: "POST",
        body: "x",
        headers: { origin },
      });
      assert.equal(response.status, 403);
      await response.text();
    }
  }));

test("what one logflume sends over HTTP another takes", async () => {
  const { httpSink } = await import("../src/sink/http.ts");
  const sink = recordingSink();
  await using there = await openPipeline({ sinks: { sink } });
  await withSite({ tail: there.tail, ingest: { target: there } }, async ({ url }) => {
    const here = await openPipeline({
      sinks: { http: httpSink({ url: `http://${url}/ingest`, gzip: true }) },
    });
    for (let i = 0; i < 500; i++) here.write({ level: "info", msg: `record ${i}`, fields: { i } });
    const report = await here.close();
    assert.equal(report.drained, true);
    await there.drain();
  });
  assert.equal(sink.records.length, 500);
});
