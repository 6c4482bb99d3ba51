/** Real sockets of the runtime at hand: what a client costs that does not read, or does not answer. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Hono, type MiddlewareHandler } from "hono";
import { systemClock } from "../src/clock.ts";
import { serve } from "../src/platform/serve.ts";
import { createTail, type Tail } from "../src/tail/hub.ts";
import { type TailLimits, tailLimits } from "../src/tail/limits.ts";
import type { Upgrade } from "../src/tail/http/routes.ts";
import { tailSession } from "../src/tail/session.ts";
import { tailTraffic } from "../src/tail/session_shared.ts";
import { push } from "./support/tail_client.ts";

const MARK = 256 * 1024;

interface Site {
  readonly tail: Tail;
  readonly port: number;
  /** The most bytes that any server socket of this path held at once. */
  mostBuffered(): number;
}

interface Buffering {
  readonly bufferedAmount?: number;
  getBufferedAmount?(): number;
}

/** Serves `/plain` and `/v1`, and looks at every socket of `/plain` after each write to it. */
async function withSite(limits: Partial<TailLimits>, body: (site: Site) => Promise<void>) {
  const tail = createTail({ maxBytes: 8 * 1024 * 1024 });
  let most = 0;
  const watch = (raw: Buffering & { send(text: string): unknown }) => {
    const send = raw.send.bind(raw);
    raw.send = (text) => {
      const answer = send(text);
      most = Math.max(most, raw.getBufferedAmount?.() ?? raw.bufferedAmount ?? 0);
      return answer;
    };
  };
  const build = (upgrade: Upgrade) => {
    const app = new Hono();
    for (const protocol of [false, true]) {
      const events = () => {
        const session = tailSession({
          tail,
          clock: systemClock,
          protocol,
          from: "live",
          seat: () => () => {},
          limits: tailLimits(limits),
        });
        return {
          onOpen(_event: unknown, { raw }: { raw?: unknown }) {
            if (!protocol) watch(raw as Buffering & { send(text: string): unknown });
            session.opened(raw);
          },
          onMessage: (event: { data: unknown }, { raw }: { raw?: unknown }) =>
            session.received(raw, event.data),
          onClose: () => session.gone(),
          onError: () => session.gone(),
          onDrain: () => session.drained(),
        };
      };
      app.get(protocol ? "/v1" : "/plain", upgrade(events) as MiddlewareHandler);
    }
    return app;
  };
  const server = await serve<Upgrade>({ hostname: "127.0.0.1", port: 0, build });
  try {
    await body({ tail, port: server.port, mostBuffered: () => most });
  } finally {
    tail.close();
    await server.close();
  }
}

/** A TCP client that asks for an upgrade, and reads nothing from then on. */
async function deafClient(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write([
    "GET /plain HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n"));
  return socket;
}

/** A client of the protocol that acknowledges, and can be waited for. */
function wellClient(port: number) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1`);
  const seqs: number[] = [];
  const waiting: (() => void)[] = [];
  let isLive = false;
  socket.onopen = () => socket.send(JSON.stringify({ t: "sub", v: 1, from: "live" }));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data));
    if (message.t === "live") isLive = true;
    if (message.t === "b") {
      for (const [seq] of message.r) seqs.push(seq);
      socket.send(JSON.stringify({ t: "ack", seq: message.to }));
    }
    waiting.splice(0).forEach((resolve) => resolve());
  };
  const until = async (isDone: () => boolean) => {
    while (!isDone()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    socket,
    seqs,
    live: () => until(() => isLive),
    reached: (seq: number) => until(() => (seqs.at(-1) ?? 0) >= seq),
  };
}

async function eventually(isTrue: () => boolean) {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a client that stops reading costs its mark, is dropped, and holds nobody up", async () => {
  // Far more than the kernel keeps for both ends of a connection.
  const [batches, batch] = [30, 4_000];
  const limits = { stallMs: 400, skipMs: 600_000, skipRecords: 1_000_000 };
  // Moved on to the present it would be sent less than the kernel keeps.
  await withSite(limits, async ({ tail, port, mostBuffered }) => {
    const deaf = await deafClient(port);
    const well = wellClient(port);
    try {
      await well.live();
      await eventually(() => tailTraffic(tail).clients === 2);
      const before = process.memoryUsage().rss;
      let rise = 0;
      for (let i = 0; i < batches; i++) {
        push(tail, i * batch + 1, (i + 1) * batch, "info", "y".repeat(200));
        await well.reached((i + 1) * batch);
        rise = Math.max(rise, process.memoryUsage().rss - before);
      }
      await eventually(() => tailTraffic(tail).stalled === 1);
      console.log(
        `buffered ${Math.round(mostBuffered() / 1024)} KiB at most, RSS rose by ${
          Math.round(rise / 1024 ** 2)
        } MiB over 30 MB written`,
      );
      assert.ok(mostBuffered() > MARK, `${mostBuffered()}`);
      assert.ok(mostBuffered() <= MARK + 128 * 1024, `${mostBuffered()}`);
      assert.equal(well.seqs.length, batches * batch);
      assert.ok(well.seqs.every((seq, i) => seq === i + 1));
      const { clients, closed } = tailTraffic(tail);
      assert.deepEqual({ clients, closed }, { clients: 1, closed: { 4408: 1 } });
      assert.equal(tail.stats().clients, 1);
    } finally {
      deaf.destroy();
      well.socket.close();
    }
  });
});

test("a client that reads and never acknowledges is stopped at its window and closed", () =>
  withSite({ stallMs: 400 }, async ({ tail, port }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1`);
    let records = 0;
    const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
    socket.onopen = () => socket.send(JSON.stringify({ t: "sub", v: 1, from: "kept" }));
    push(tail, 1, 9_000);
    socket.onmessage = ({ data }) => records += JSON.parse(String(data)).r?.length ?? 0;
    await closed;
    assert.ok(records >= 5_000 && records < 5_500, `${records}`);
    const { clients, stalled } = tailTraffic(tail);
    assert.deepEqual({ clients, stalled }, { clients: 0, stalled: 1 });
  }));
