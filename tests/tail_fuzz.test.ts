/** Whatever a client says, the server answers or closes, and never throws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createTail } from "../src/tail/hub.ts";
import { tailLimits } from "../src/tail/limits.ts";
import { parseMessage } from "../src/tail/protocol_parse.ts";
import { sharedOf, tailTraffic } from "../src/tail/session_shared.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { connect, push } from "./support/tail_client.ts";
import { unicodeText } from "./support/unicode_text.ts";

const any = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(-1, 0, 1, 2 ** 53, 1e308, "", "live", "kept", null, [], {}, true),
);

const filter = fc.oneof(
  any,
  unicodeText(),
  fc.string().map((text) => `level>=${text}`),
  fc.record({ min: any, text: any, fields: any, patterns: any }, { requiredKeys: [] }),
);

const from = fc.oneof(
  any,
  fc.record({ run: any, seq: any, last: any, since: any }, { requiredKeys: [] }),
  fc.record({ last: fc.maxSafeNat() }),
  fc.record({ since: fc.maxSafeNat() }),
  fc.record({ run: unicodeText(), seq: fc.maxSafeNat() }),
);

/** Nearly right: every key may be missing, or hold anything. */
const message = fc.record({
  t: fc.oneof(fc.constantFrom("sub", "ack", "pause", "resume", "ping"), any),
  v: fc.oneof({ weight: 5, arbitrary: fc.constant<unknown>(1) }, { weight: 1, arbitrary: any }),
  from,
  filter,
  onSlow: fc.oneof(fc.constantFrom("skip", "sample", "close"), any),
  rate: fc.oneof(fc.integer(), any),
  seq: fc.oneof(fc.maxSafeNat(), any),
  n: fc.oneof(fc.double(), any),
  __proto__: any,
}, { requiredKeys: ["t"] }).map((value) => JSON.stringify(value));

const data = fc.oneof(
  { weight: 8, arbitrary: message },
  { weight: 1, arbitrary: unicodeText() },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.uint8Array() },
  { weight: 1, arbitrary: fc.constant("x".repeat(5_000)) },
);

const SUB = JSON.stringify({ t: "sub", v: 1, from: "live" });
const SILENT: readonly string[] = ["ack", "pause", "resume"];

test("parseMessage() never throws, and says one sentence or gives a message", () => {
  fc.assert(
    fc.property(fc.oneof(data, fc.anything()), (given) => {
      const parsed = parseMessage(given, 4096);
      if (parsed.ok) {
        assert.ok(["sub", "ack", "pause", "resume", "ping"].includes(parsed.message.t));
      } else assert.match(parsed.problem, /^[A-Z].*[^.]$/);
    }),
    { numRuns: 2_000 },
  );
});

test("any message of a client is answered or ends the connection, never a throw", () =>
  fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(data, { maxLength: 12 }), async (isFirst, all) => {
      const clock = fakeClock();
      const tail = createTail({ clock });
      push(tail, 1, 30);
      const limits = tailLimits({ messagesPerSecond: 1_000 });
      const { socket, session } = connect({ tail, clock, limits });
      if (!isFirst) session.received(socket, SUB);
      for (const given of all) {
        const before = socket.texts.length;
        session.received(socket, given);
        if (socket.ended !== undefined) break;
        if (socket.texts.length > before) continue;
        const parsed = parseMessage(given, 4096);
        assert.ok(parsed.ok && SILENT.includes(parsed.message.t));
      }
      await clock.advance(0);
      for (const { t, code, msg } of socket.of("err")) {
        assert.deepEqual([t, code], ["err", 4400]);
        assert.match(msg, /^[A-Z]/);
      }
      session.gone();
      assert.deepEqual([tail.stats().clients, clock.pending], [0, 0]);
      assert.deepEqual([sharedOf(tail, clock).views.size, tailTraffic(tail).clients], [0, 0]);
    }),
    { numRuns: 300 },
  ));

test("a closed client's messages do nothing", () =>
  fc.assert(
    fc.asyncProperty(fc.array(data, { maxLength: 5 }), async (all) => {
      const clock = fakeClock();
      const tail = createTail({ clock });
      const { socket, session } = connect({ tail, clock });
      session.received(socket, "{");
      const sent = socket.texts.length;
      for (const given of all) session.received(socket, given);
      await clock.advance(0);
      assert.equal(socket.texts.length, sent);
    }),
    { numRuns: 100 },
  ));
