import assert from "node:assert/strict";
import { browserTest, withPage } from "./support/chromium.ts";
import { startProxy } from "./support/proxy.ts";
import { assertAccounted, heldRows, isLive, recordIsThere } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

const KiB = 1024;
const ALL = 20_000;
/** Small, so that a link of 64 KiB/s is behind by it soon. */
const limits = { skipRecords: 2_000, keepRecords: 200, windowBytes: 64 * KiB };

for (const runtime of RUNTIMES) {
  browserTest(
    `a link of 64 KiB/s shows the present and tells each gap, from ${runtime}`,
    async () => {
      await using server = await startServer({ runtime, limits });
      await using proxy = await startProxy(server.port);
      await withPage(`http://127.0.0.1:${proxy.port}/logs`, async ({ page, problems }) => {
        await isLive(page);
        proxy.limit(64 * KiB);
        await server.tell({ do: "flow", from: 1, to: ALL, perSecond: 5_000 });
        await recordIsThere(page, ALL);
        const rows = await heldRows(page);
        assert.ok(rows.some(({ why }) => why === "slow"), "it was moved on");
        // What was told to be missing and what came is all there was, by sequence.
        assertAccounted(rows, 1, ALL);
        const { traffic } = await server.tell({ do: "look" });
        const missing = rows.reduce((sum, { n = 0 }) => sum + n, 0);
        assert.equal(missing, traffic.skipped);
        assert.deepEqual(problems, []);
      });
    },
  );
}
