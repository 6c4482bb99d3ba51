import assert from "node:assert/strict";
import { browserTest, withPage } from "./support/chromium.ts";
import { startProxy } from "./support/proxy.ts";
import { assertAccounted, heldRows, isLive, recordIsThere } from "./support/rows.ts";
import { type Runtime, RUNTIMES, startServer } from "./support/tail_server.ts";

const STALL_MS = 10_000;
/** More than a client may have unacknowledged. */
const ALL = 8_000;

/** Stops a page's link and writes until the server gives the page up; how long that took. */
async function giveUp(runtime: Runtime): Promise<number> {
  await using server = await startServer({ runtime });
  await using proxy = await startProxy(server.port);
  let took = 0;
  await withPage(`http://127.0.0.1:${proxy.port}/logs`, async ({ page }) => {
    await isLive(page);
    proxy.limit(0);
    for (let n = 0; n < ALL; n += 500) {
      await server.tell({ do: "fill", from: n + 1, to: n + 500 });
    }
    const from = performance.now();
    for (let clients = 1; clients > 0;) {
      ({ traffic: { clients } } = await server.tell({ do: "look" }));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    took = performance.now() - from;
    const { traffic } = await server.tell({ do: "look" });
    assert.deepEqual([traffic.closed, traffic.stalled], [{ 4408: 1 }, 1], runtime);
    // The link is well again: the page comes back, and misses nothing that the ring still has.
    proxy.limit(Infinity);
    proxy.cut();
    await recordIsThere(page, ALL);
    assertAccounted(await heldRows(page), 1, ALL);
  }, { expects: /WebSocket connection|Failed to load/ });
  return took;
}

browserTest(
  "a page that reads nothing is closed with 4408 after 10 s, and comes back",
  async () => {
    const times = await Promise.all(RUNTIMES.map(giveUp));
    console.log(`Given up after ${RUNTIMES.map((r, i) => `${r} ${Math.round(times[i]!)} ms`)}`);
    for (const took of times) assert.ok(took > STALL_MS * 0.9, `${took} ms`);
  },
);
