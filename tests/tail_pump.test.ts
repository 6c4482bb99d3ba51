import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { createTail, type Tail } from "../src/tail/hub.ts";
import { type TailLimits, tailLimits } from "../src/tail/limits.ts";
import { tailTraffic } from "../src/tail/session_shared.ts";
import { connect, push, range, settle } from "./support/tail_client.ts";

const SUB = { t: "sub", v: 1, from: "kept" };
const LIVE = { t: "sub", v: 1, from: "live" };
const MARK = 256 * 1024;

function site(limits: Partial<TailLimits> = {}) {
  const clock = fakeClock();
  const tail = createTail({ clock, maxBytes: 8 * 1024 * 1024, run: "run-1" });
  const open = (first?: unknown, more = {}) =>
    connect({ tail, clock, limits: tailLimits(limits), ...more }, first);
  return { clock, tail, open };
}

/** A client that acknowledges all it gets at once. */
function acknowledging(client: ReturnType<typeof connect>) {
  const { socket, say } = client;
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    const answer = send(text);
    const to = /^\{"t":"b",.*?"to":(\d+)/.exec(text)?.[1];
    if (to !== undefined) queueMicrotask(() => say({ t: "ack", seq: Number(to) }));
    return answer;
  };
  return client;
}

test("replay and live come once each, in order, with live said in between", async () => {
  const { clock, tail, open } = site({ flushRecords: 500 });
  push(tail, 1, 1200);
  const { socket } = open(SUB);
  await clock.advance(0);
  push(tail, 1201, 1300);
  await clock.advance(50);
  assert.deepEqual(socket.seqs, range(1, 1300));
  assert.deepEqual(socket.told.map(({ t, ph }) => ph ?? t), ["hello", "r", "r", "r", "live", "l"]);
  assert.deepEqual(socket.of("b").map(({ r }) => r.length), [500, 500, 200, 100]);
  assert.deepEqual(socket.of("live"), [{ t: "live", seq: 1201 }]);
});

test("a batch has at most 64 KiB of records, and a record of its own size alone", async () => {
  const { clock, tail, open } = site({ flushBytes: 64 * 1024 });
  push(tail, 1, 10, "info", "x".repeat(15_000));
  const { socket } = open(SUB);
  await clock.advance(0);
  assert.deepEqual(socket.seqs, range(1, 10));
  for (const text of socket.texts) assert.ok(text.length < 64 * 1024 + 200, `${text.length}`);
});

test("a client too many lines behind is moved to the present and told the exact gap", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE);
  await clock.advance(0);
  push(tail, 1, 20_000);
  await clock.advance(50);
  const [gap] = socket.of("gap");
  assert.deepEqual(gap, { t: "gap", from: 1, to: 19_500, n: 19_500, why: "slow", back: true });
  assert.deepEqual(socket.seqs, range(19_501, 20_000));
  assert.equal(tail.stats().missed, 19_500);
  assert.equal(tailTraffic(tail).skipped, 19_500);
});

test("a client that is behind for five seconds is moved on too", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE);
  await clock.advance(0);
  socket.bufferedAmount = MARK + 1;
  push(tail, 1, 600);
  await clock.advance(4_900);
  push(tail, 601, 900);
  await clock.advance(300);
  assert.deepEqual(socket.seqs, []);
  socket.bufferedAmount = 0;
  await clock.advance(25);
  assert.deepEqual(socket.of("gap").map(({ from, to }) => [from, to]), [[1, 400]]);
  assert.deepEqual(socket.seqs, range(401, 900));
});

test("a replaying client is never moved on", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 30_000);
  const { socket } = acknowledging(open(SUB));
  await settle(clock);
  assert.deepEqual(socket.seqs, range(1, 30_000));
  assert.deepEqual(socket.of("gap"), []);
});

test("nothing is sent above the high mark, and again below the low mark", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE);
  await clock.advance(0);
  socket.bufferedAmount = MARK + 1;
  push(tail, 1, 5);
  await clock.advance(200);
  assert.deepEqual(socket.seqs, []);
  socket.bufferedAmount = MARK - 1;
  await clock.advance(200);
  assert.deepEqual(socket.seqs, []);
  socket.bufferedAmount = 64 * 1024;
  await clock.advance(200);
  assert.deepEqual(socket.seqs, range(1, 5));
});

test("a socket holds its mark and one batch at most, however much is written", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE, { protocol: false, from: "live" });
  await clock.advance(0);
  socket.reads = false;
  for (let seq = 1; seq < 50_000; seq += 1000) {
    push(tail, seq, seq + 999, "info", "y".repeat(150));
    await clock.advance(60);
  }
  assert.ok(socket.bufferedAmount <= MARK + 64 * 1024, `${socket.bufferedAmount}`);
  assert.ok(socket.bufferedAmount > MARK);
});

test("a client that takes nothing for ten seconds is dropped, forgotten and counted", async () => {
  const { clock, tail, open } = site();
  let seats = 0;
  const { socket, session } = open(LIVE, { seat: () => (seats++, () => void seats--) });
  await clock.advance(0);
  socket.bufferedAmount = MARK + 1;
  push(tail, 1, 5);
  await clock.advance(10_000);
  assert.equal(socket.ended, undefined);
  await clock.advance(200);
  assert.equal(socket.ended, "terminate");
  assert.deepEqual([seats, tail.stats().clients], [0, 0]);
  const { clients, stalled, closed } = tailTraffic(tail);
  assert.deepEqual({ clients, stalled, closed }, { clients: 0, stalled: 1, closed: { 4408: 1 } });
  session.gone();
  session.gone();
  assert.deepEqual([seats, clock.pending], [0, 0]);
});

test("a client that takes a little now and then is not stalled", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE);
  await clock.advance(0);
  socket.bufferedAmount = 2 * MARK;
  push(tail, 1, 5);
  for (let i = 0; i < 5; i++) {
    await clock.advance(9_000);
    socket.read(1);
  }
  assert.equal(socket.ended, undefined);
});

test("a socket that cannot be terminated is closed, and nothing is sent to it again", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE);
  Object.defineProperty(socket, "terminate", { value: undefined });
  await clock.advance(0);
  socket.bufferedAmount = MARK + 1;
  push(tail, 1, 5);
  await clock.advance(10_200);
  assert.equal(socket.ended, 4408);
  const sent = socket.texts.length;
  socket.bufferedAmount = 0;
  push(tail, 6, 10);
  await clock.advance(60_000);
  assert.equal(socket.texts.length, sent);
});

test("a message that the runtime drops gives the client up at once", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE);
  await clock.advance(0);
  socket.answer = 0;
  push(tail, 1, 5);
  await clock.advance(50);
  assert.equal(socket.ended, "terminate");
  assert.equal(tailTraffic(tail).stalled, 1);
});

test("5,000 records or 1 MiB without an acknowledgement stop the pump, and one starts it", async () => {
  const cases = [["", 12_000, 5_000, 5_499], ["z".repeat(1000), 4_000, 1_000, 1_100]] as const;
  for (const [more, count, least, most] of cases) {
    const { clock, tail, open } = site();
    push(tail, 1, count, "info", more);
    const { socket, say } = open(SUB);
    await settle(clock);
    const sent = socket.seqs.length;
    assert.ok(sent >= least && sent <= most, `${sent}`);
    say({ t: "ack", seq: sent });
    await settle(clock);
    assert.ok(socket.seqs.length > sent);
    assert.deepEqual(socket.seqs, range(1, socket.seqs.length));
    await clock.advance(10_100);
    assert.equal(socket.ended, "terminate");
  }
});

test("a plain client needs no acknowledgement", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 12_000);
  const { socket } = open(undefined, { protocol: false, from: "kept" });
  await clock.advance(1_000);
  assert.equal(socket.texts.length, 12_000);
  assert.equal(socket.texts[0], '{"level":"info","msg":"n1"}');
});

test("a paused client is neither skipped nor stalled, and resume has no hole", async () => {
  const { clock, tail, open } = site();
  const { socket, say } = acknowledging(open(LIVE));
  await clock.advance(0);
  push(tail, 1, 10);
  await clock.advance(50);
  say({ t: "pause" });
  socket.bufferedAmount = 2 * MARK;
  push(tail, 11, 25_000);
  await clock.advance(60_000);
  assert.deepEqual(socket.seqs, range(1, 10));
  socket.bufferedAmount = 0;
  say({ t: "resume" });
  await settle(clock);
  assert.equal(socket.ended, undefined);
  assert.deepEqual(socket.seqs, range(1, 25_000));
  assert.deepEqual(socket.of("gap"), []);
  assert.equal(socket.of("b").at(-1)?.ph, "r");
  assert.deepEqual(socket.of("live").map(({ seq }) => seq), [1, 25_001]);
});

test("a client that asked to be closed when it is slow is closed", async () => {
  const { clock, tail, open } = site();
  const { socket } = open({ ...LIVE, onSlow: "close" });
  await clock.advance(0);
  push(tail, 1, 10_001);
  await clock.advance(50);
  assert.equal(socket.ended, 4408);
  assert.deepEqual(socket.seqs, []);
});

test("a heartbeat comes each 15 seconds, and each second while the client is behind", async () => {
  const { clock, tail, open } = site();
  const { socket, say } = open(LIVE);
  await clock.advance(45_000);
  assert.deepEqual(socket.of("hb").length, 3);
  assert.deepEqual(socket.of("hb")[0], { t: "hb", last: 0, lag: 0, sent: 0, skipped: 0 });
  assert.equal(socket.pings, 3);
  say({ t: "pause" });
  push(tail, 1, 7);
  await clock.advance(5_000);
  assert.deepEqual(socket.of("hb").length, 8);
  assert.deepEqual(socket.of("hb").at(-1), { t: "hb", last: 7, lag: 7, sent: 0, skipped: 0 });
  const plain = open(undefined, { protocol: false });
  await clock.advance(30_000);
  assert.ok(plain.socket.pings >= 2);
  assert.equal(plain.socket.texts.length, 7);
});

test("a client whose history cannot be read is closed with 1011, and the others go on", async () => {
  const clock = fakeClock();
  const history = () => ({
    nextSeq: 1,
    seek() {},
    next: () => Promise.reject(new Error("The disk is gone – alas")),
    close() {},
  });
  const tail = createTail({ clock, maxBytes: 512, nextSeq: 1, history });
  push(tail, 1, 100);
  const lost = connect({ tail, clock }, { ...SUB, from: { run: tail.run, seq: 0 } });
  const well = connect({ tail, clock }, LIVE);
  await clock.advance(0);
  push(tail, 101, 102);
  await clock.advance(50);
  assert.equal(lost.socket.ended, 1011);
  assert.deepEqual(well.socket.seqs, [101, 102]);
});

test("a closed tail gives what is left and closes with 1001, paused clients too", async () => {
  const { clock, tail, open } = site();
  const { socket } = open(LIVE);
  const paused = open(LIVE);
  const silent = open();
  paused.say({ t: "pause" });
  await clock.advance(0);
  push(tail, 1, 3);
  tail.close();
  await clock.advance(500);
  assert.deepEqual(socket.seqs, [1, 2, 3]);
  assert.deepEqual([socket.ended, paused.socket.ended, silent.socket.ended], [1001, 1001, 1001]);
  assert.equal(clock.pending, 0);
});

/** Writes 100 records each 50 ms, so often. */
async function writeOn(tail: Tail, clock: ReturnType<typeof fakeClock>, times: number) {
  for (let i = 0; i < times; i++) {
    const { nextSeq } = tail.stats();
    push(tail, nextSeq, nextSeq + 99);
    await clock.advance(50);
  }
}

test("one dead and ten slow clients among 100 change nothing for the others", async () => {
  const { clock, tail, open } = site();
  const slow = Array.from({ length: 10 }, () => acknowledging(open(LIVE)).socket);
  const dead = open(LIVE).socket;
  const healthy = Array.from({ length: 89 }, () => acknowledging(open(LIVE)).socket);
  await clock.advance(0);
  dead.reads = false;
  for (const socket of slow) socket.reads = false;
  for (let i = 0; i < 260; i++) {
    await writeOn(tail, clock, 1);
    for (const socket of slow) socket.read(3_000);
    for (const socket of [healthy[0], healthy[88]]) {
      assert.equal(socket?.seqs.at(-1), (i + 1) * 100);
    }
  }
  const all = range(1, 26_000);
  for (const socket of healthy) {
    assert.deepEqual(socket.texts.slice(1), healthy[0]?.texts.slice(1));
  }
  assert.deepEqual(healthy[0]?.seqs, all);
  assert.equal(dead.ended, "terminate");
  for (const socket of slow) {
    assert.equal(socket.ended, undefined);
    const told = socket.of("gap").reduce((sum, { n }) => sum + n, 0);
    const last = socket.told.at(-1)?.to ?? socket.of("b").at(-1)?.to ?? 0;
    assert.equal(socket.seqs.length + told, last);
  }
});
