import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../src/clock.ts";
import { protocolFace } from "../src/tail/face.ts";
import { createTail, type Tail } from "../src/tail/hub.ts";
import { pumpSocket } from "../src/tail/pump.ts";
import type { TailSocket } from "../src/tail/socket.ts";

const encoder = new TextEncoder();

function push(tail: Tail, from: number, to: number): void {
  const lines = Array.from({ length: to - from + 1 }, (_, i) => `{"msg":"n${from + i}"}\n`);
  tail.push({ firstSeq: from, count: lines.length, bytes: encoder.encode(lines.join("")) });
}

/** A clock of which every timer is due at once: waiting moves the time and takes none. */
function leapingClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    setTimer(fn, delayMs) {
      let due = true;
      queueMicrotask(() => {
        if (!due) return;
        now += delayMs;
        fn();
      });
      return () => due = false;
    },
    defer: (fn) => queueMicrotask(fn),
    hold: () => () => {},
  };
}

interface Seen {
  readonly messages: { t: string; from: number; to: number; n?: number; why?: string }[];
  readonly ends: [kind: string, code: number][];
}

function recordingSocket(buffered: () => number): TailSocket & Seen {
  const seen: Seen = { messages: [], ends: [] };
  return {
    ...seen,
    send: (text) => seen.messages.push(JSON.parse(text)) > 0,
    buffered,
    close: (code) => void seen.ends.push(["close", code]),
    drop: (code) => void seen.ends.push(["drop", code]),
  };
}

test("a socket that takes nothing for 10 seconds is given up, and nothing more is sent to it", async () => {
  const clock = leapingClock();
  const tail = createTail({ clock });
  push(tail, 1, 10);
  const socket = recordingSocket(() => 300 * 1024);
  const { signal } = new AbortController();
  const cursor = tail.cursor("kept");
  await pumpSocket({ tail, cursor, socket, face: protocolFace, clock, signal });
  assert.deepEqual(socket.ends, [["drop", 4408]]);
  assert.deepEqual(socket.messages, []);
  assert.ok(clock.monotonic() >= 10_000 && clock.monotonic() < 10_200);
  assert.equal(tail.stats().clients, 0);
});

test("a live reader that falls far behind is moved to the present and told the exact gap", async () => {
  const clock = leapingClock();
  const tail = createTail({ clock, maxBytes: 8 * 1024 * 1024 });
  let isSlow = false;
  let polls = 0;
  const socket = recordingSocket(() => {
    if (isSlow && ++polls === 5) isSlow = false;
    return isSlow ? 300 * 1024 : 0;
  });
  const send = socket.send;
  const face = {
    ...protocolFace,
    live(seq: number) {
      push(tail, 1, 20_000);
      isSlow = true;
      return protocolFace.live(seq);
    },
  };
  socket.send = (text) => {
    if (text.includes('"to":20000')) tail.close();
    return send(text);
  };
  const { signal } = new AbortController();
  await pumpSocket({ tail, cursor: tail.cursor("live"), socket, face, clock, signal });
  const [live, gap, ...batches] = socket.messages;
  assert.equal(live?.t, "live");
  assert.deepEqual(gap, { t: "gap", from: 1, to: 19_500, n: 19_500, why: "slow" });
  assert.deepEqual([batches[0]?.from, batches.at(-1)?.to], [19_501, 20_000]);
  assert.deepEqual(socket.ends, [["close", 1001]]);
  assert.equal(tail.stats().missed, 19_500);
});

test("a socket that drops a message is given up at once", async () => {
  const clock = leapingClock();
  const tail = createTail({ clock });
  push(tail, 1, 3);
  const socket = { ...recordingSocket(() => 0), send: () => false };
  const { signal } = new AbortController();
  const cursor = tail.cursor("kept");
  await pumpSocket({ tail, cursor, socket, face: protocolFace, clock, signal });
  assert.deepEqual(socket.ends, [["drop", 4408]]);
});
