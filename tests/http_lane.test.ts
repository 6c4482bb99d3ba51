/** The HTTP sink through a lane, against a real server that fails in one way at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadLetter } from "../mod.ts";
import type { LaneOptions } from "../src/pipeline/lane_options.ts";
import { httpSink, type HttpSinkOptions } from "../src/sink/http.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";
import { type Answer, listen, type TestServer } from "./support/http_server.ts";
import { witness } from "./support/http_witness.ts";
import { type Bench, messages, openBench } from "./support/lanes.ts";
import { listed } from "./support/letter_logs.ts";

interface Trial extends Bench {
  readonly server: TestServer;
  /** Messages by their numbers, each stored once. */
  readonly stored: Map<number, string>;
  /** Moves on whatever needs no time, until something is so. */
  until(isSo: () => boolean): Promise<void>;
}

interface Setting {
  /** What the server does beside storing; true: it stores, and answers 200. */
  readonly answer: (...args: [...Parameters<Answer>, clock: FakeClock]) => true | unknown;
  readonly sink?: Partial<HttpSinkOptions>;
  readonly lane?: Partial<LaneOptions>;
  readonly cuts?: (nth: number) => boolean;
}

/** A lane `web` whose time is moved by hand; nothing may be sent twice after a clear success. */
async function withLane(setting: Setting, use: (trial: Trial) => Promise<void>): Promise<void> {
  const clock = fakeClock();
  const stored = new Map<number, string>();
  const answer: Answer = async (request, response, nth) => {
    if (await setting.answer(request, response, nth, clock) !== true) return;
    const lines = request.text.trimEnd().split("\n");
    request.seqs.forEach((seq, i) => stored.set(seq, JSON.parse(lines[i]!).msg));
    response.end("stored");
  };
  await using server = await listen(answer, "", setting.cuts);
  const { fetch, again } = witness();
  const sink = httpSink({ url: server.url, fetch, clock, ...setting.sink });
  const bench = await openBench(
    { web: { sink, concurrency: 1, timeoutMs: Infinity, ...setting.lane } },
    {},
    clock,
  );
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await clock.advance(0);
  };
  await use({ ...bench, server, stored, until });
  await bench.close();
  assert.deepEqual(again, []);
}

const stateOf = ({ pipeline }: Bench): string => pipeline.lanes.get("web")!.state;
const callsOf = ({ pipeline }: Bench): number => pipeline.lanes.get("web")!.attempts;
const isWaiting = (trial: Bench) => (): boolean => stateOf(trial) === "waiting-to-retry";
const isDone = ({ pipeline }: Bench) => (): boolean => pipeline.lanes.get("web")!.pending === 0;

/** Everything was stored, in order, with nothing left, given up or repeated. */
function assertStored({ stored, pipeline }: Trial, given: readonly string[]): void {
  assert.deepEqual([...stored.values()], given);
  const { delivered, deadLettered, pending } = pipeline.lanes.get("web")!;
  assert.deepEqual([delivered, deadLettered, pending], [given.length, 0, 0]);
}

const GIVEN = messages(20);

const BREAKS: readonly (readonly [name: string, says: RegExp, setting: Setting])[] = [
  ["breaks the connection instead of an answer", /Cannot reach/, {
    answer: (_, response, nth) => nth > 1 || response.socket!.destroy(),
  }],
  ["breaks the connection in the middle of the request", /Cannot reach/, {
    cuts: (nth) => nth === 1,
    answer: () => true,
  }],
  ["breaks the connection in the middle of its head", /Cannot reach/, {
    answer: (_, response, nth) => nth > 1 || response.socket!.end("HTTP/1.1 200 OK\r\ncontent-le"),
  }],
  ["answers 503", /answered 503: busy/, {
    answer: (_, response, nth) => nth > 1 || response.writeHead(503).end("busy"),
  }],
  ["breaks off half a refusal", /answered 500/, {
    answer: (_, response, nth) => {
      if (nth > 1) return true;
      response.writeHead(500, { "content-length": "1000" });
      response.write("brok", () => response.socket!.end());
    },
  }],
];

for (const [name, says, setting] of BREAKS) {
  test(`a server that ${name} costs a lane no record`, () =>
    withLane(setting, async (trial) => {
      await trial.write(...GIVEN);
      await trial.until(isWaiting(trial));
      assert.equal(trial.stored.size, 0);
      await trial.clock.advance(200);
      await trial.until(isDone(trial));
      assertStored(trial, GIVEN);
      const [failed, recovered] = trial.events;
      assert.deepEqual([failed!.kind, recovered!.kind], ["delivery-failed", "delivery-recovered"]);
      assert.match(failed!.message, says);
    }));
}

test("half an answer after a 200 is a success: nothing is sent again", () =>
  withLane({
    answer: ({ seqs }, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("sto", () => response.socket!.end());
      return seqs.length > 0;
    },
  }, async (trial) => {
    await trial.write(...GIVEN);
    await trial.until(isDone(trial));
    assertStored(trial, GIVEN);
    assert.equal(trial.server.requests.length, 1);
  }));

test("a server that answers too slowly is asked again, and the reason is the time in the end", () =>
  withLane({
    answer: (_, response, nth) => nth > 2 ? true : void response.on("close", () => {}),
    sink: { timeoutMs: 1000 },
    lane: { retry: { maxAttempts: 2 }, batch: { maxRecords: 10 } },
  }, async (trial) => {
    await trial.write("slow");
    await trial.server.arrived(1);
    await trial.clock.advance(1000);
    await trial.until(isWaiting(trial));
    await trial.clock.advance(200);
    await trial.server.arrived(2);
    await trial.clock.advance(1000);
    await trial.until(isDone(trial));
    const [letter] = await listed(trial.pipeline.deadLetters);
    const { reason, attempts, error } = letter!;
    assert.deepEqual([reason, attempts, error.name], ["timeout", 2, "RetryLaterError"]);
    assert.match(error.message, /did not answer in 1000 ms/);
    await trial.write("quick");
    await trial.until(isDone(trial));
    assert.deepEqual([...trial.stored.values()], ["quick"]);
  }));

for (
  const [name, header] of [
    ["seconds", () => "45"],
    ["a date", (clock: FakeClock) => new Date(clock.now() + 45_000).toUTCString()],
  ] as const
) {
  test(`a 429 is asked again after its Retry-After (${name}), and not before`, () =>
    withLane({
      answer: (_, response, nth, clock) =>
        nth > 1 || response.writeHead(429, { "retry-after": header(clock) }).end(),
    }, async (trial) => {
      await trial.write(...GIVEN);
      await trial.until(isWaiting(trial));
      await trial.clock.advance(44_999);
      // A request that was begun may not have come in yet.
      assert.equal(callsOf(trial), 1);
      await trial.clock.advance(1);
      await trial.until(isDone(trial));
      assertStored(trial, GIVEN);
      assert.equal(trial.server.requests.length, 2);
    }));
}

for (const [by, maxRecords] of [["the sink", 100], ["the lane", 1]] as const) {
  test(`after a 413 a batch is split until each part fits; only what is too large alone is given up (by ${by})`, () =>
    withLane({
      answer: ({ bytes }, response) => bytes <= 400 || response.writeHead(413).end("too much"),
      lane: { batch: { maxRecords } },
    }, async (trial) => {
      const large = "x".repeat(500);
      await trial.write(...GIVEN.slice(0, 7), large, ...GIVEN.slice(7));
      await trial.until(isDone(trial));
      assert.deepEqual([...trial.stored.values()], GIVEN);
      const [letter, ...others] = await listed(trial.pipeline.deadLetters);
      assert.deepEqual(others, []);
      const { reason, attempts, error, record } = letter as DeadLetter;
      assert.deepEqual([reason, error.name, error.status], ["too_large", "RejectedError", 413]);
      // The sink halves within one call of it.
      assert.equal(attempts, 1);
      assert.match(error.message, /answered 413: too much; set the option "maxBodyBytes"/);
      assert.equal(JSON.parse(record).msg, large);
    }));
}

test("a record that a later request of its batch has refused goes alone to the dead letters", () =>
  withLane({
    answer: ({ text }, response) => !text.includes("poison") || response.writeHead(422).end("no"),
    sink: { maxBodyBytes: 400 },
  }, async (trial) => {
    const given = messages(30).map((msg) => msg === "17" ? "poison" : msg);
    await trial.write(...given);
    await trial.until(isDone(trial));
    const letters = await listed(trial.pipeline.deadLetters);
    const told = letters.map(({ record, error }) => [JSON.parse(record).msg, error.status]);
    assert.deepEqual(told, [["poison", 422]]);
    assert.deepEqual([...trial.stored.values()].sort(), given.filter((m) => m !== "poison").sort());
  }));

test("a 401 parks the lane, which goes on with the new token of the header function when resumed", () => {
  let token = "old";
  return withLane({
    answer: ({ headers }, response) =>
      headers.authorization === "Bearer new" || response.writeHead(401).end("who is that"),
    sink: { headers: () => Promise.resolve({ authorization: `Bearer ${token}` }) },
  }, async (trial) => {
    await trial.write(...GIVEN);
    await trial.until(() => stateOf(trial) === "parked");
    await trial.clock.advance(4 * 60_000);
    assert.equal(callsOf(trial), 1);
    assert.deepEqual(trial.events.map(({ kind }) => kind), ["lane-parked"]);
    assert.match(trial.events[0]!.message, /answered 401: who is that/);
    token = "new";
    trial.pipeline.lanes.resume("web");
    await trial.until(isDone(trial));
    assertStored(trial, GIVEN);
    assert.deepEqual(
      trial.server.requests.map(({ headers }) => headers.authorization),
      ["Bearer old", "Bearer new"],
    );
  });
});

test("a certificate that is not trusted is told, nothing is sent or lost, and it is asked again", async () => {
  await using impostor = await listen((_, response) => response.end(), "tls");
  let isTrusted = false;
  let plainUrl = "";
  await withLane({
    answer: () => true,
    sink: {
      url: impostor.url,
      fetch: (url, init) => fetch(isTrusted ? plainUrl : url, init),
    },
  }, async (trial) => {
    plainUrl = trial.server.url;
    await trial.write(...GIVEN);
    await trial.until(isWaiting(trial));
    await trial.clock.advance(200);
    await trial.until(() => stateOf(trial) === "waiting-to-retry");
    assert.match(trial.events[0]!.message, /Cannot trust https:\/\/127.*so nothing is sent/);
    assert.deepEqual([trial.events.length, trial.pipeline.lanes.get("web")!.pending], [1, 20]);
    isTrusted = true;
    await trial.clock.advance(400);
    await trial.until(isDone(trial));
    assertStored(trial, GIVEN);
    assert.equal(impostor.requests.length, 0);
  });
});
