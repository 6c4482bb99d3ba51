import assert from "node:assert/strict";
import { test } from "node:test";
import { LineBatch } from "../src/delivery/batch.ts";
import { RejectedError, RetryLaterError } from "../src/errors.ts";
import { httpSink, type HttpSinkOptions } from "../src/sink/http.ts";
import type { Batch, SinkContext, SinkResult } from "../src/sink/sink.ts";
import { batchOfLines } from "../src/testing/recording_sink.ts";
import { type Answer, listen } from "./support/http_server.ts";

const context: SinkContext = {
  signal: new AbortController().signal,
  attempt: 1,
  source: { logId: "0a", lane: "web", run: "0a.1", runFirstSeq: 1 },
};

/** Lines of 10 bytes, LF included. */
function lines(count: number): Batch {
  return batchOfLines(Array.from({ length: count }, (_, i) => `{"msg":${i % 10}}`), 1);
}

/** What a batch becomes, and the numbers that each request bore, with the status it got. */
async function sent(
  batch: Batch,
  options: Partial<HttpSinkOptions>,
  answer: (seqs: readonly number[], nth: number) => number,
): Promise<{ result: SinkResult | undefined; error: unknown; requests: [number, string][] }> {
  const requests: [number, string][] = [];
  const respond: Answer = ({ seqs }, response, nth) => {
    const status = answer(seqs, nth);
    requests.push([status, `${seqs[0]}-${seqs.at(-1)}`]);
    response.writeHead(status).end();
  };
  await using server = await listen(respond);
  try {
    const sink = httpSink({ url: server.url, ...options });
    const result = await sink.write(batch, context) as SinkResult;
    return { result, error: undefined, requests };
  } catch (error) {
    return { result: undefined, error, requests };
  }
}

test("httpSink() sends no body over maxBodyBytes", async () => {
  const { result, requests } = await sent(lines(7), { maxBodyBytes: 30 }, () => 200);
  assert.deepEqual(requests, [[200, "1-3"], [200, "4-6"], [200, "7-7"]]);
  assert.deepEqual(result, { reject: [] });
});

test("httpSink() counts the brackets of an array too", async () => {
  const options = { maxBodyBytes: 30, format: "json" } as const;
  const { requests } = await sent(lines(4), options, () => 200);
  assert.deepEqual(requests, [[200, "1-2"], [200, "3-4"]]);
});

test("httpSink() rejects a record over maxBodyBytes without sending it, and sends the rest", async () => {
  const batch = batchOfLines(["1", "x".repeat(50), "3"]);
  const { result, requests } = await sent(batch, { maxBodyBytes: 30 }, () => 200);
  assert.deepEqual(requests, [[200, "1-1"], [200, "3-3"]]);
  assert.deepEqual(result?.reject?.map(({ index, isTooLarge }) => [index, isTooLarge]), [[
    1,
    true,
  ]]);
  assert.match(
    result!.reject![0]!.reason,
    /A record of 51 bytes is too large .*maxBodyBytes is 30/,
  );
});

test("httpSink() halves what gets a 413, down to the record that is too large", async () => {
  const tooLarge = (seqs: readonly number[]) => seqs.length > 3 || seqs.includes(6) ? 413 : 200;
  const { result, requests } = await sent(lines(8), {}, tooLarge);
  assert.deepEqual(requests.filter(([status]) => status === 200), [
    [200, "1-2"],
    [200, "3-4"],
    [200, "5-5"],
    [200, "7-8"],
  ]);
  assert.deepEqual(result?.reject?.map(({ index, isTooLarge }) => [index, isTooLarge]), [[
    5,
    true,
  ]]);
  assert.equal(result?.retry, undefined);
});

test("httpSink() throws for a batch of one record that is too large", async () => {
  const { error } = await sent(lines(1), {}, () => 413);
  assert.ok(error instanceof RejectedError && error.isTooLarge && error.status === 413);
});

test("httpSink() asks only for what was not delivered when a later request fails", async () => {
  const { result, requests } = await sent(
    lines(7),
    { maxBodyBytes: 30 },
    (_, nth) => nth === 2 ? 503 : 200,
  );
  assert.deepEqual(requests, [[200, "1-3"], [503, "4-6"]]);
  assert.deepEqual(result?.retry, [3, 4, 5, 6]);
  assert.ok(result?.error instanceof RetryLaterError);
});

test("httpSink() throws when the first request fails, so that the error says what to do", async () => {
  const { error, requests } = await sent(lines(7), { maxBodyBytes: 30 }, () => 503);
  assert.deepEqual(requests, [[503, "1-3"]]);
  assert.ok(error instanceof RetryLaterError);
});

test("httpSink() cuts a batch of many holes, so that its header stays short", async () => {
  const runs = Array.from({ length: 1000 }, (_, i) => ({ firstSeq: 1_000_000 + i * 2, count: 1 }));
  const bytes = new TextEncoder().encode("{}\n".repeat(1000));
  const counts: number[] = [];
  await sent(new LineBatch(runs, bytes), {}, (seqs) => {
    counts.push(seqs.length);
    return 200;
  });
  // "1000000," is 8 characters.
  assert.deepEqual(counts, [512, 488]);
});
