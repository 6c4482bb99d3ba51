/** Clients in step share what is made for them: what must not take them out of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { createTail } from "../src/tail/hub.ts";
import { tailLimits } from "../src/tail/limits.ts";
import { sharedOf } from "../src/tail/session_shared.ts";
import { connect, push, range, settle } from "./support/tail_client.ts";

const LIVE = { t: "sub", v: 1, from: "live" };

test("acknowledgements and drained sockets leave clients that have room in step", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock });
  const clients = Array.from({ length: 10 }, () => connect({ tail, clock }, LIVE));
  await settle(clock);
  const { views } = sharedOf(tail, clock);
  for (let round = 0; round < 10; round++) {
    // Between any two lines, another client speaks.
    for (const [i, { say, session }] of clients.entries()) {
      push(tail, round * 10 + i + 1, round * 10 + i + 1);
      if (round > 0) say({ t: "ack", seq: round * 10 });
      session.drained();
      await clock.advance(1);
    }
    await clock.advance(49);
  }
  for (const { socket } of clients) {
    assert.deepEqual(socket.seqs, range(1, 100));
    assert.equal(socket.of("b").length, 10);
  }
  assert.equal(views.builds, 10);
});

test("a client in time gets no more heartbeats because lines gather for the next wake", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock });
  const { socket, say } = connect({ tail, clock }, LIVE);
  await settle(clock);
  for (let seq = 1; seq <= 800; seq++) {
    push(tail, seq, seq);
    await clock.advance(20);
    if (seq % 50 === 0) say({ t: "ack", seq: socket.seqs.at(-1) });
  }
  assert.equal(socket.ended, undefined);
  assert.equal(socket.of("hb").length, 1);
  assert.equal(socket.pings, 1);
});

test("what the wire adds to lines does not make two batches of one read", async () => {
  const clock = fakeClock();
  const tail = createTail({ clock, maxBytes: 1024 * 1024 });
  const limits = tailLimits({ flushBytes: 64 * 1024 });
  const { socket } = connect({ tail, clock, limits }, LIVE);
  await settle(clock);
  push(tail, 1, 900, "info", "x".repeat(100));
  await clock.advance(50);
  assert.deepEqual(socket.seqs, range(1, 900));
  assert.equal(socket.of("b").length, Math.ceil(tail.stats().bytes / (64 * 1024)));
});
