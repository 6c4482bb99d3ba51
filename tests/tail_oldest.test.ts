/** What a client is told of how far back it may ask. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../src/storage/memory.ts";
import { openPipeline } from "../src/pipeline/open.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { ndjsonProtocolFace, sseProtocolFace } from "../src/tail/http/face.ts";
import { createTail } from "../src/tail/hub.ts";
import { tailLimits } from "../src/tail/limits.ts";
import { connect, push, settle } from "./support/tail_client.ts";

const RECORDS = 400;

test("hello names the oldest record of the log behind the ring, which can be asked for", async () => {
  const clock = fakeClock();
  const wal = { store: memoryStore(), segmentBytes: 64 * 1024, windowBytes: 4_096 };
  await using pipeline = await openPipeline({ sinks: {}, wal, clock, tail: { maxBytes: 4_096 } });
  for (let i = 1; i <= RECORDS; i++) pipeline.write({ level: "info", msg: `record ${i}` });
  await pipeline.durable();
  const { tail } = pipeline;
  assert.ok(tail.stats().firstSeq > RECORDS / 2);
  assert.equal(tail.oldestSeq, 1);
  const { socket, session } = connect(
    { tail, clock, limits: tailLimits() },
    { t: "sub", v: 1, from: { run: tail.run, seq: 0 } },
  );
  while (socket.of("live").length === 0) await settle(clock);
  const [hello] = socket.of("hello");
  assert.deepEqual([hello?.first, hello?.last], [1, RECORDS]);
  assert.equal(socket.of("b")[0]?.from, hello?.first);
  session.gone();
});

test("the streams of the protocol name it as well", () => {
  const history = () => {
    throw new Error("nothing is read for a greeting");
  };
  const tail = createTail({ maxBytes: 4_096, history, oldestSeq: () => 7 });
  push(tail, 100, 110);
  for (const face of [ndjsonProtocolFace, sseProtocolFace]) {
    assert.match(face.open(tail), /"first":7,"last":110/);
  }
});

test("a tail without a log, or with one that is emptier than its ring, names what the ring keeps", () => {
  const ring = createTail({ maxBytes: 4_096, oldestSeq: () => 1 });
  push(ring, 50, 400);
  assert.equal(ring.oldestSeq, ring.stats().firstSeq);
  const trimmed = createTail({ history: () => assert.fail(), oldestSeq: () => 200 });
  push(trimmed, 50, 60);
  assert.equal(trimmed.oldestSeq, trimmed.stats().firstSeq);
});
