/** What a client is told of how far back it may ask. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ndjsonProtocolFace, sseProtocolFace } from "../src/tail/http/face.ts";
import { createTail } from "../src/tail/hub.ts";
import { push } from "./support/tail_client.ts";

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
