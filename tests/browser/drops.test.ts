import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { inFolder } from "../support/spawn.ts";
import { browserTest, withPage } from "./support/chromium.ts";
import { type Proxy, startProxy } from "./support/proxy.ts";
import { heldRows, isLive, numbers, numbersOf, recordIsThere } from "./support/rows.ts";
import { RUNTIMES, startServer, type TailServer } from "./support/tail_server.ts";

/** What the browser says of links that a test has cut. */
const expects = /WebSocket connection|Failed to load resource/;
const CUTS = 20;
const PER_SECOND = 2_000;
const STEP_MS = 50;
/** The most that passes between two cuts. */
const MOST_BYTES = 20_000;
/**
 * Messages so small that most links bring one before they are cut. A page that is far behind and gets
 * nothing whole has reason to wait longer and longer before it tries again.
 */
const FLUSH_BYTES = 4 * 1024;

function addressOf(proxy: Proxy): string {
  return `http://127.0.0.1:${proxy.port}/logs`;
}

/** Writes records until it is stopped; the answer is the number of the last one. */
async function write(server: TailServer, signal: AbortSignal): Promise<number> {
  const each = PER_SECOND * STEP_MS / 1_000;
  for (let last = 0;; last += each) {
    if (signal.aborted) return last;
    await server.tell({ do: "fill", from: last + 1, to: last + each });
    await pause(STEP_MS);
  }
}

/** Cuts the link at any byte of its life, again and again: in its handshake, in replay, live. */
async function cutOften(proxy: Proxy): Promise<void> {
  for (let i = 0; i < CUTS; i++) await proxy.cutAfter(Math.random() * MOST_BYTES);
}

/** Makes the page try at once, as when the network comes back. */
function wake(page: Page): Promise<unknown> {
  return page.evaluate(() => dispatchEvent(new Event("online")));
}

for (const runtime of RUNTIMES) {
  browserTest(
    `${CUTS} cuts at ${PER_SECOND} lines/s lose nothing and double nothing, from ${runtime}`,
    async () => {
      await using server = await startServer({ runtime, limits: { flushBytes: FLUSH_BYTES } });
      await using proxy = await startProxy(server.port);
      await withPage(addressOf(proxy), async ({ page, problems }) => {
        await isLive(page);
        const stop = new AbortController();
        const writing = write(server, stop.signal);
        await cutOften(proxy).finally(() => stop.abort());
        const last = await writing + 1;
        await server.tell({ do: "fill", from: last, to: last });
        await recordIsThere(page, last);
        assert.deepEqual(numbersOf(await heldRows(page)), numbers(1, last));
        assert.deepEqual(problems, []);
      }, { expects });
    },
  );

  browserTest(
    `a restart goes on exactly where there is a log, from ${runtime}`,
    () =>
      inFolder("restart", async (wal) => {
        assert.deepEqual(await gapsOfRestart({ runtime, wal }), []);
      }),
  );

  browserTest(
    `a restart without a log is told, and the new run shown, from ${runtime}`,
    async () => {
      assert.deepEqual(await gapsOfRestart({ runtime }), [[0, "restart"]]);
    },
  );

  browserTest(
    `a resume beyond the ring shows one row with the exact gap, from ${runtime}`,
    async () => {
      const [rows, buttons] = await resumeBeyond({ runtime });
      const gaps = rows.filter(({ $ }) => $ === "gap");
      assert.equal(gaps.length, 1);
      const [{ from, to, n, why } = {}] = gaps;
      assert.deepEqual([from, n, why], [101, to! - 100, "evicted"]);
      assert.deepEqual(numbersOf(rows), [...numbers(1, 100), ...numbers(to! + 1, 5_000)]);
      assert.equal(buttons, 0, "what is gone for good is not offered");
    },
  );

  browserTest(
    `a resume beyond the ring reads the log, from ${runtime}`,
    () =>
      inFolder("resume", async (wal) => {
        const [rows] = await resumeBeyond({ runtime, wal });
        assert.deepEqual(numbersOf(rows), numbers(1, 5_000));
        assert.equal(rows.length, 5_000);
      }),
  );
}

type Served = Parameters<typeof startServer>[0];

/** Kills the server under an open page and starts it again; the gaps that the page then shows. */
async function gapsOfRestart(options: Served): Promise<unknown[]> {
  const first = await startServer({ ...options, run: "run-1" });
  await using proxy = await startProxy(first.port);
  let gaps: unknown[] = [];
  await withPage(addressOf(proxy), async ({ page, problems }) => {
    await first.tell({ do: "fill", from: 1, to: 300 });
    await recordIsThere(page, 300);
    await first.close();
    await page.getByRole("button", { name: "Try now" }).waitFor();
    await using second = await startServer({ ...options, run: "run-2" });
    proxy.leadTo(second.port);
    await second.tell({ do: "fill", from: 301, to: 600 });
    await wake(page);
    await recordIsThere(page, 600);
    const rows = await heldRows(page);
    assert.deepEqual(numbersOf(rows), numbers(1, 600));
    gaps = rows.filter(({ $ }) => $ === "gap").map(({ n, why }) => [n, why]);
    assert.deepEqual(problems, []);
  }, { expects }).finally(() => first.close());
  return gaps;
}

/** Writes more than the ring holds while the link is down; what the page then holds and offers. */
async function resumeBeyond(options: Served) {
  await using server = await startServer({ ...options, maxBytes: 64 * 1024 });
  await using proxy = await startProxy(server.port);
  let answer: [Awaited<ReturnType<typeof heldRows>>, number] = [[], 0];
  await withPage(addressOf(proxy), async ({ page, problems }) => {
    await server.tell({ do: "fill", from: 1, to: 100 });
    await recordIsThere(page, 100);
    await isLive(page);
    // Nobody listens there: the page comes back only when it is led back.
    proxy.leadTo(1);
    proxy.cut();
    await page.getByRole("button", { name: "Try now" }).waitFor();
    await server.tell({ do: "fill", from: 101, to: 5_000 });
    proxy.leadTo(server.port);
    await wake(page);
    await recordIsThere(page, 5_000);
    answer = [await heldRows(page), await page.getByRole("button", { name: "Fetch" }).count()];
    assert.deepEqual(problems, []);
  }, { expects });
  return answer;
}
