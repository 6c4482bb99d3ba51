import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { seededRandom } from "../src/testing/random.ts";
import { createTail } from "../src/tail/hub.ts";
import { TAIL_LIMIT_NAMES, type TailLimits, tailLimits } from "../src/tail/limits.ts";
import { sharedOf, tailTraffic } from "../src/tail/session_shared.ts";
import { connect, FakeSocket, push, range, settle } from "./support/tail_client.ts";

const SUB = { t: "sub", v: 1, from: "kept" };
const LIVE = { t: "sub", v: 1, from: "live" };

function site(limits: Partial<TailLimits> = {}) {
  const clock = fakeClock();
  const tail = createTail({ clock, maxBytes: 8 * 1024 * 1024, run: "run-1" });
  const open = (first?: unknown, more = {}) =>
    connect({ tail, clock, limits: tailLimits(limits), ...more }, first);
  return { clock, tail, open };
}

test("hello says what can be replayed, the heartbeat and the limits", async () => {
  const { clock, tail, open } = site({ windowRecords: 7, heartbeatMs: 2_000 });
  push(tail, 1, 3);
  const { socket } = open(SUB);
  await clock.advance(0);
  assert.deepEqual(socket.told[0], {
    t: "hello",
    v: 1,
    run: "run-1",
    first: 1,
    last: 3,
    hb: 2_000,
    limits: { windowBytes: 1024 * 1024, windowRecords: 7, lineBytes: 16 * 1024 },
  });
});

test("100 clients in step cost one build and get the very same frames", async () => {
  const { clock, tail, open } = site();
  const shared = sharedOf(tail, clock);
  const clients = Array.from({ length: 100 }, (_, i) => {
    return open({ ...LIVE, filter: i % 2 === 0 ? undefined : { text: ["n"] } });
  });
  await clock.advance(0);
  assert.equal(shared.views.size, 4);
  for (let i = 0; i < 10; i++) {
    push(tail, i * 50 + 1, i * 50 + 50);
    await clock.advance(50);
  }
  assert.equal(shared.views.builds, 20);
  for (const { socket } of clients) {
    assert.equal(socket.texts.length, 12);
    assert.deepEqual(socket.texts.slice(2), clients[0]?.socket.texts.slice(2));
  }
  for (const { session } of clients) session.gone();
  assert.equal(shared.views.size, 0);
});

test("a client that stalled is in step again as soon as it has caught up", async () => {
  const { clock, tail, open } = site();
  const { views } = sharedOf(tail, clock);
  const [, late] = [open(LIVE), open(LIVE)];
  await clock.advance(0);
  late.socket.bufferedAmount = 300 * 1024;
  push(tail, 1, 10);
  await clock.advance(50);
  push(tail, 11, 20);
  await clock.advance(50);
  late.socket.bufferedAmount = 0;
  await clock.advance(50);
  const before = views.builds;
  push(tail, 21, 30);
  await clock.advance(50);
  assert.equal(views.builds, before + 1);
  assert.deepEqual(late.socket.seqs, range(1, 30));
});

test("only what passes the filter comes, and batches cover the rest", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 5);
  push(tail, 6, 7, "error");
  push(tail, 8, 9);
  const { socket } = open({ ...SUB, filter: "level>=warn" });
  await clock.advance(0);
  push(tail, 10, 11);
  await clock.advance(50);
  push(tail, 12, 12, "fatal");
  await clock.advance(50);
  assert.deepEqual(socket.seqs, [6, 7, 12]);
  assert.deepEqual(socket.of("b").map(({ from, to }) => [from, to]), [[1, 9], [10, 11], [12, 12]]);
});

test("what a filter holds back is told as one empty batch, not one for each read", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 20_000, "info", "x".repeat(20));
  const { socket } = open({ ...SUB, filter: "level>=warn" });
  await settle(clock);
  assert.deepEqual(socket.of("b").map(({ from, to, r }) => [from, to, r]), [[1, 20_000, []]]);
});

test("a new sub on the same socket changes the filter where the client is", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 4);
  const { socket, say } = open(SUB);
  await clock.advance(0);
  say({ t: "sub", v: 1, filter: "level>=error" });
  push(tail, 5, 6);
  push(tail, 7, 8, "error");
  await clock.advance(50);
  say({ t: "sub", v: 1 });
  push(tail, 9, 9);
  await clock.advance(50);
  assert.deepEqual(socket.seqs, [1, 2, 3, 4, 7, 8, 9]);
  assert.equal(socket.of("hello").length, 3);
  assert.equal(tail.stats().clients, 1);
});

test("a new sub while batches wait neither loses nor doubles a record", async () => {
  const { clock, tail, open } = site({ flushRecords: 2 });
  push(tail, 1, 20);
  const { socket, say } = open(SUB);
  socket.reads = false;
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    send(text);
    if (text.includes('"to":6')) socket.bufferedAmount = 300 * 1024;
  };
  await clock.advance(0);
  assert.deepEqual(socket.seqs, range(1, 6));
  say({ t: "sub", v: 1 });
  socket.bufferedAmount = 0;
  socket.reads = true;
  await clock.advance(50);
  assert.deepEqual(socket.seqs, range(1, 20));
});

test("a new sub with a place jumps there", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 10);
  const { socket, say } = open(LIVE);
  await clock.advance(0);
  say({ ...SUB, from: { last: 2 } });
  await clock.advance(0);
  say({ ...SUB, from: { run: "run-1", seq: 8 } });
  await clock.advance(0);
  assert.deepEqual(socket.seqs, [9, 10, 9, 10]);
});

test("the last n with a filter are the last n that pass it, and the search is told", async () => {
  const { clock, tail, open } = site();
  for (let seq = 1; seq <= 100; seq++) push(tail, seq, seq, seq % 10 === 0 ? "error" : "info");
  const { socket } = open({ ...SUB, from: { last: 3 }, filter: "level>=error" });
  await clock.advance(0);
  assert.deepEqual(socket.seqs, [80, 90, 100]);
  assert.deepEqual(socket.of("scan").at(-1), { t: "scan", at: 80, found: 3, done: true });
});

test("a new sub ends the search of the one before", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 10);
  let found: (seq: number) => void = () => {};
  let wasAborted: () => boolean | undefined = () => undefined;
  tail.seekBack = ({ signal }) => {
    wasAborted = () => signal?.aborted;
    return new Promise((resolve) => found = resolve);
  };
  const { socket, say } = open({ ...SUB, from: { last: 3 }, filter: "n" });
  await clock.advance(0);
  assert.equal(wasAborted(), false);
  say({ ...SUB, from: { run: "run-1", seq: 8 } });
  assert.equal(wasAborted(), true);
  found(1);
  await clock.advance(0);
  assert.deepEqual(socket.seqs, [9, 10]);
});

test("a search that fails closes its client with 1011", async () => {
  const { clock, tail, open } = site();
  tail.seekBack = () => Promise.reject(new Error("The disk is gone"));
  const { socket } = open({ ...SUB, from: { last: 3 }, filter: "n" });
  await clock.advance(0);
  assert.equal(socket.ended, 1011);
  assert.equal(socket.told.at(-1)?.msg, "The disk is gone");
});

test("a bad filter ends the first sub, and a later one only gets a sentence with its column", async () => {
  const { clock, tail, open } = site();
  const first = open({ ...SUB, filter: "word level>=loud" });
  const [told] = first.socket.told;
  assert.deepEqual([told?.t, told?.code], ["err", 4400]);
  assert.match(told?.msg ?? "", /^Unknown level "loud"/);
  assert.ok((told?.column ?? 0) >= 6);
  assert.equal(first.socket.ended, 4400);
  const { socket, say } = open(LIVE);
  await clock.advance(0);
  say({ t: "sub", v: 1, filter: { patterns: [{ source: "(a+)+$", flags: "" }] } });
  push(tail, 1, 2);
  await clock.advance(50);
  const [err] = socket.of("err");
  assert.match(err?.msg ?? "", /^A server runs no regular expressions/);
  assert.equal(socket.ended, undefined);
  assert.deepEqual(socket.seqs, [1, 2]);
});

test("a ping is answered with its number", () => {
  const { socket, say } = site().open(LIVE);
  say({ t: "ping", n: 42.5 });
  assert.deepEqual(socket.told.at(-1), { t: "pong", n: 42.5 });
});

test("what a client may not say gets one clear sentence and close code 4400", () => {
  const cases: [unknown, RegExp][] = [
    ["{", /^The message is not JSON$/],
    ["[]", /not a JSON object/],
    ["null", /not a JSON object/],
    [new Uint8Array(3), /JSON text, not as bytes/],
    [`{"t":"${"ä".repeat(2048)}"}`, /at most 4096 bytes/],
    ['{"t":"nonsense"}', /Unknown message/],
    ['{"t":"sub","v":2}', /version 1/],
    ['{"t":"sub","v":1,"from":"later"}', /Invalid from/],
    ['{"t":"sub","v":1,"from":{"last":-1}}', /Invalid from/],
    ['{"t":"sub","v":1,"from":{"last":1,"since":1}}', /Invalid from/],
    ['{"t":"sub","v":1,"from":{"seq":1}}', /Invalid from/],
    [`{"t":"sub","v":1,"from":{"run":"r","seq":${2 ** 53 - 1}}}`, /Invalid from/],
    ['{"t":"sub","v":1,"filter":7}', /Invalid filter/],
    ['{"t":"sub","v":1,"onSlow":"panic"}', /Invalid onSlow/],
    ['{"t":"sub","v":1,"rate":0}', /Invalid rate/],
    ['{"t":"ack","seq":-1}', /Invalid seq/],
    ['{"t":"ping","n":1e999}', /Invalid n/],
    ['{"t":"ack","seq":1}', /first/],
    ['{"t":"pause"}', /first/],
  ];
  for (const [data, problem] of cases) {
    const { socket, session } = site().open();
    session.received(socket, data);
    assert.match(socket.told[0]?.msg ?? "", problem);
    assert.doesNotMatch(socket.told[0]?.msg ?? "", /\.$/);
    assert.equal(socket.ended, 4400);
  }
});

test("a client that says nothing for five seconds is closed, a plain one may be silent", async () => {
  const { clock, open } = site();
  const { socket } = open();
  const plain = open(undefined, { protocol: false });
  await clock.advance(4_999);
  assert.equal(socket.ended, undefined);
  await clock.advance(1);
  assert.equal(socket.ended, 4400);
  assert.match(socket.told[0]?.msg ?? "", /^No message came within 5000 ms$/);
  assert.equal(plain.socket.ended, undefined);
});

test("20 messages a second are allowed, one more is not, and useful acks do not count", async () => {
  const { clock, tail, open } = site({ flushRecords: 1 });
  const { socket, say } = open(LIVE);
  await clock.advance(0);
  push(tail, 1, 100);
  await clock.advance(50);
  for (let seq = 1; seq <= 100; seq++) say({ t: "ack", seq });
  for (let i = 0; i < 3; i++) {
    for (let n = 0; n < 19; n++) say({ t: "ping", n });
    await clock.advance(1_000);
  }
  assert.equal(socket.ended, undefined);
  for (let n = 0; n < 20; n++) say({ t: "ack", seq: 50 });
  assert.equal(socket.ended, undefined);
  say({ t: "ack", seq: 50 });
  assert.equal(socket.ended, 4400);
  assert.match(socket.told.at(-1)?.msg ?? "", /at most 20 messages a second/);
});

test("a client that asks and asks and never reads is given up", async () => {
  const { clock, open } = site({ messagesPerSecond: 1_000 });
  const { socket, say } = open(LIVE);
  say({ t: "pause" });
  socket.reads = false;
  socket.bufferedAmount = 2 * 256 * 1024 - 50;
  for (let n = 0; n < 10; n++) say({ t: "ping", n });
  await clock.advance(0);
  assert.equal(socket.ended, "terminate");
  assert.ok(socket.bufferedAmount < 2 * 256 * 1024 + 100);
});

test("events come twice, late or of another socket, and nothing happens twice", async () => {
  const { clock, tail, open } = site();
  let [taken, freed] = [0, 0];
  const seat = () => (taken++, () => void freed++);
  const { socket, session, say } = open(SUB, { seat });
  session.opened(socket);
  session.opened(new FakeSocket());
  session.received(new FakeSocket(), "{");
  assert.equal(socket.ended, undefined);
  session.gone();
  session.gone();
  say({ t: "ping", n: 1 });
  session.opened(socket);
  session.drained();
  push(tail, 1, 5);
  await clock.advance(100);
  assert.deepEqual([taken, freed, tail.stats().clients, clock.pending], [1, 1, 0, 0]);
  assert.deepEqual(socket.seqs, []);
});

test("a client too many hears why and takes nothing", () => {
  const { tail, open } = site();
  const { socket } = open(undefined, { seat: () => undefined });
  assert.equal(socket.ended, 4429);
  assert.match(socket.told[0]?.msg ?? "", /Too many clients/);
  assert.deepEqual(tailTraffic(tail).closed, { 4429: 1 });
});

test("a line over 16 KiB is cut on the wire and says its size; the tail keeps it whole", async () => {
  const { clock, tail, open } = site();
  push(tail, 1, 1, "info", "é".repeat(20_000));
  push(tail, 2, 2);
  const { socket } = open(SUB);
  const plain = open(undefined, { protocol: false });
  await clock.advance(0);
  const [cut, whole] = socket.of("b").flatMap(({ r }) => r.map(([, record]) => record));
  assert.ok(typeof cut === "object" && typeof whole === "object");
  const size = new TextEncoder().encode(tail.recent(2)[0] ?? "").length;
  assert.equal(cut.truncated, size);
  assert.ok(size > 40_000);
  assert.ok(new TextEncoder().encode(JSON.stringify(cut)).length <= 16 * 1024);
  assert.deepEqual(whole, { level: "info", msg: "n2" });
  assert.ok(new TextEncoder().encode(plain.socket.texts[0]).length <= 16 * 1024);
});

test("a sample lets everything pass while it is little", async () => {
  const { clock, tail, open } = site();
  const { socket } = open({ ...LIVE, onSlow: "sample" });
  await clock.advance(0);
  for (let seq = 1; seq <= 400; seq += 20) {
    push(tail, seq, seq + 19);
    await clock.advance(50);
  }
  assert.deepEqual(socket.seqs, range(1, 400));
  assert.deepEqual(socket.of("gap"), []);
});

test("a sample gives at most its rate and tells exactly what it left out", async () => {
  const { clock, tail, open } = site();
  const { socket } = open({ ...LIVE, onSlow: "sample", rate: 100 });
  await clock.advance(0);
  for (let i = 0; i < 100; i++) {
    push(tail, i * 50 + 1, i * 50 + 50);
    await clock.advance(50);
  }
  await clock.advance(1_000);
  const { seqs } = socket;
  assert.ok(seqs.length <= 700 && seqs.length >= 500, `${seqs.length}`);
  assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
  const gaps = socket.of("gap");
  assert.equal(gaps.reduce((sum, { n }) => sum + n, 0), 5_000 - seqs.length);
  assert.ok(gaps.every(({ why, back }) => why === "sampled" && back));
  let last = 0;
  for (const { from, to } of socket.of("b")) {
    assert.equal(from, last + 1);
    last = to;
  }
  assert.equal(last, 5_000);
  assert.equal(tailTraffic(tail).sampled, 5_000 - seqs.length);
});

test("a sample is fair: early and late records of a window have the same chance", async () => {
  const { clock, tail, open } = site();
  const seeded = seededRandom(7);
  const random = () => seeded.below(1_000_000) / 1_000_000;
  const { socket } = open({ ...LIVE, onSlow: "sample", rate: 400 }, { random });
  await clock.advance(0);
  for (let i = 0; i < 40; i++) {
    push(tail, i * 1000 + 1, i * 1000 + 1000);
    await clock.advance(250);
  }
  const counts = [0, 0, 0, 0];
  for (const seq of socket.seqs) counts[Math.floor((seq - 1) % 1000 / 250)]!++;
  const total = socket.seqs.length;
  assert.ok(total > 3_500, `${total}`);
  for (const count of counts) assert.ok(Math.abs(count / total - 0.25) < 0.05, `${counts}`);
});

test("limits out of range are refused with what is allowed, and contradictions too", () => {
  assert.equal(tailLimits().highMarkBytes, 256 * 1024);
  for (const name of TAIL_LIMIT_NAMES) {
    for (const value of [-1, 1.5, NaN, Infinity, 1e12]) {
      assert.throws(() => tailLimits({ [name]: value }), (error) => {
        assert.ok(error instanceof RangeError);
        assert.match(
          error.message,
          new RegExp(`^Invalid ${name} .* of a tail: use an integer from`),
        );
        return true;
      });
    }
  }
  assert.throws(
    () => tailLimits({ lowMarkBytes: 300 * 1024 }),
    /use at most highMarkBytes, 262144/,
  );
  assert.throws(() => tailLimits({ skipRecords: 400 }), /use at most skipRecords, 400/);
  const typo = { hihgMarkBytes: 1 } as Partial<TailLimits>;
  assert.throws(() => tailLimits(typo), /^RangeError: Unknown limit "hihgMarkBytes" of a tail/);
});
