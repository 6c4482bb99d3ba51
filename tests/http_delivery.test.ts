/** The HTTP sink in a pipeline, against a server that fails in every way it can. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { memoryStore } from "../src/storage/memory.ts";
import { httpSink } from "../src/sink/http.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { type SeededRandom, seededRandom } from "../src/testing/random.ts";
import { openAccounted } from "./support/accounted.ts";
import { assertAccounted } from "./support/accounting.ts";
import { type Answer, listen } from "./support/http_server.ts";
import { witness } from "./support/http_witness.ts";

const RECORDS = 600;

/** What a server does to a request: it stores the records before it answers, after, or not at all. */
const WAYS: readonly ((response: Parameters<Answer>[1], store: () => void) => void)[] = [
  (response, store) => {
    store();
    response.end("stored");
  },
  (response, store) => {
    store();
    response.writeHead(204).end();
  },
  // Clear to the client as soon as it has the head; the break comes behind it.
  (response, store) => {
    store();
    response.writeHead(200, { "content-length": "1000" });
    response.write("sto", () => response.socket!.end());
  },
  (response, store) => {
    store();
    response.socket!.destroy();
  },
  (response, store) => {
    store();
    response.writeHead(504).end("the answer got lost");
  },
  (response) => void response.socket!.destroy(),
  (response) => void response.writeHead(503).end("busy"),
  (response) => void response.writeHead(429, { "retry-after": "1" }).end(),
  (response) => {
    response.writeHead(500, { "content-length": "1000" });
    response.write("brok", () => response.socket!.end());
  },
];

/** A server that stores each record once, and counts those that came again. */
function storing(random: SeededRandom) {
  const stored = new Map<number, string>();
  const seen = { repeats: 0, ways: new Set<number>() };
  // Dealt like cards, so that each of them comes up.
  let deck: number[] = [];
  const answer: Answer = ({ seqs, text }, response) => {
    if (seqs.length > 1 && random.chance(0.05)) return response.writeHead(413).end();
    const lines = text.trimEnd().split("\n");
    if (deck.length === 0) deck = [...WAYS.keys()];
    const [way] = deck.splice(random.below(deck.length), 1) as [number];
    seen.ways.add(way);
    WAYS[way]!(response, () => {
      assert.equal(lines.length, seqs.length);
      seqs.forEach((seq, i) => {
        if (stored.has(seq)) seen.repeats++;
        else stored.set(seq, JSON.parse(lines[i]!).msg);
      });
    });
  };
  return { stored, seen, answer };
}

for (const seed of [1, 2, 3]) {
  test(`nothing is lost over HTTP, and nothing sent again after a clear success (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const { stored, seen, answer } = storing(random.fork());
    await using server = await listen(answer);
    const { fetch, again } = witness();
    const clock = fakeClock();
    const pipeline = await openAccounted({
      clock,
      random: () => random.below(1000) / 1000,
      wal: { store: memoryStore() },
      onEvent: () => {},
      sinks: {
        web: {
          sink: httpSink({ url: server.url, fetch, gzip: seed % 2 === 0 }),
          batch: { maxRecords: 20 },
          concurrency: 3,
          // The clock that is moved by hand runs far ahead of a real server.
          timeoutMs: Infinity,
        },
      },
    });
    for (let i = 1; i <= RECORDS; i++) pipeline.write({ level: "info", msg: `record ${i}` });
    let isDone = false;
    const drained = pipeline.drain().finally(() => isDone = true);
    while (!isDone) await clock.advance(1000);
    await drained;
    assertAccounted(pipeline.stats());
    const { delivered, deadLettered } = pipeline.stats().lanes.web!;
    const closed = pipeline.close();
    await clock.advance(60_000);
    await closed;
    assert.deepEqual([delivered, deadLettered], [RECORDS, 0]);
    assert.deepEqual(
      [...stored].sort(([a], [b]) => a - b),
      Array.from({ length: RECORDS }, (_, i) => [i + 1, `record ${i + 1}`]),
    );
    assert.deepEqual(again, []);
    assert.ok(seen.repeats > 0, "some records must come again for this test to say anything");
    assert.equal(seen.ways.size, WAYS.length);
  });
}

test("a record that the server refuses for ever is kept in the dead letters", async () => {
  await using server = await listen(({ text }, response) => {
    response.writeHead(text.includes("poison") ? 422 : 204).end(
      text.includes("poison") ? "no" : "",
    );
  });
  await using pipeline = await openAccounted({
    onEvent: () => {},
    sinks: { web: { sink: httpSink({ url: server.url }), batch: { maxRecords: 1 } } },
  });
  for (const msg of ["one", "poison", "three"]) pipeline.write({ level: "info", msg });
  await pipeline.drain();
  const { delivered, deadLettered } = pipeline.stats().lanes.web!;
  assert.deepEqual([delivered, deadLettered], [2, 1]);
  for await (const letter of pipeline.deadLetters.list()) {
    assert.match(letter.record, /"msg":"poison"/);
    assert.match(JSON.stringify(letter.error), /answered 422: no/);
  }
});
