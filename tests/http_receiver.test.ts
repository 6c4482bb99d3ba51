import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { receiver } from "../examples/receiver.ts";
import { LineBatch } from "../src/delivery/batch.ts";
import { type HttpFetch, httpSink, type HttpSinkOptions } from "../src/sink/http.ts";
import type { SeqRun } from "../src/storage/store.ts";

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "logflume-"));
  try {
    await body(join(folder, "received.ndjson"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sends runs of records whose message is `<label><seq>`, from this run of the log. */
async function send(
  app: ReturnType<typeof receiver>,
  runs: readonly (readonly [first: number, last: number])[],
  { run = 1, since = 1, label = "", ...options }:
    & { run?: number; since?: number; label?: string }
    & Partial<HttpSinkOptions> = {},
): Promise<void> {
  const seqRuns = runs.map(([first, last]): SeqRun => ({
    firstSeq: first,
    count: last - first + 1,
  }));
  const seqs = seqRuns.flatMap(({ firstSeq, count }) =>
    Array.from({ length: count }, (_, i) => firstSeq + i)
  );
  const text = seqs.map((seq) => `{"msg":"${label}${seq}"}\n`).join("");
  const fetch: HttpFetch = (url, init) => Promise.resolve(app.request(url, init));
  const sink = httpSink({ url: "http://receiver.example/ingest", fetch, ...options });
  await sink.write(new LineBatch(seqRuns, new TextEncoder().encode(text)), {
    signal: new AbortController().signal,
    attempt: 1,
    source: { logId: "0a", lane: "web", run: `0a.${run}`, runFirstSeq: since },
  });
}

function messages(path: string): string {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line).record.msg).join(" ");
}

test("examples/receiver.ts stores each record once, whatever batches it comes in", async () => {
  await withFile(async (path) => {
    const app = receiver(path);
    await send(app, [[1, 3]]);
    await send(app, [[1, 3]]);
    await send(app, [[2, 4], [8, 8]], { gzip: true });
    await send(app, [[3, 5], [7, 9]]);
    assert.equal(messages(path), "1 2 3 4 8 5 7 9");
  });
});

test("examples/receiver.ts knows after a crash what it has stored", async () => {
  await withFile(async (path) => {
    await send(receiver(path), [[1, 2]]);
    appendFileSync(path, '{"source":"0a/web","run":1,"seq":3,"reco');
    await send(receiver(path), [[2, 4]]);
    assert.equal(messages(path), "1 2 3 4");
  });
});

test("examples/receiver.ts stores a record whose number a power cut gave anew", async () => {
  await withFile(async (path) => {
    await send(receiver(path), [[1, 5]]);
    const app = receiver(path);
    // The log kept 1 to 3; what was 4 and 5 is gone from it.
    await send(app, [[3, 5]], { run: 2, since: 4, label: "new " });
    await send(app, [[3, 5]], { run: 2, since: 4, label: "new " });
    await send(app, [[4, 6]], { run: 1, label: "late " });
    assert.equal(messages(path), "1 2 3 4 5 new 4 new 5");
    await send(receiver(path), [[4, 6]], { run: 2, since: 4, label: "new " });
    assert.equal(messages(path), "1 2 3 4 5 new 4 new 5 new 6");
  });
});

test("examples/receiver.ts refuses records that it cannot tell apart", async () => {
  await withFile(async (path) => {
    const app = receiver(path);
    await assert.rejects(
      send(app, [[1, 2]], { sequenceHeader: false }),
      /One number for each line/,
    );
    const body = "{}\n";
    const headers = { "logflume-sequence": "0a/web; 1-9000000000; run=1; since=1" };
    const { status } = await app.request("/ingest", { method: "POST", body, headers });
    assert.equal(status, 400);
    assert.equal(readFileSync(path, "utf8"), "");
  });
});
