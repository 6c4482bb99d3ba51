import assert from "node:assert/strict";
import { inFolder } from "../support/spawn.ts";
import { browserTest, withPage } from "./support/chromium.ts";
import { listenTo } from "./support/reader.ts";
import {
  assertAccounted,
  heldRows,
  isLive,
  numbers,
  numbersOf,
  recordIsThere,
} from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

/** More than a page may have unacknowledged and be behind after that. */
const ALL = 25_000;
const STEP = 1_000;
/** What a page may have unacknowledged, and a batch more. */
const MOST_SENT = 5_500;
const MiB = 1024 * 1024;

/** Holds the page's thread until the server answers. */
const FREEZE = `
  const request = new XMLHttpRequest();
  request.open("GET", "/hold", false);
  request.send();
`;

for (const runtime of RUNTIMES) {
  browserTest(
    `a frozen tab gets no more than its window, then the exact gap and all of it, from ${runtime}`,
    () =>
      inFolder("frozen", async (wal) => {
        await using server = await startServer({ runtime, wal });
        await withPage(server.url, async ({ page, problems }) => {
          await isLive(page);
          const other = await listenTo(server.url, "live");
          const before = await server.tell({ do: "look" });
          const frozen = page.evaluate(FREEZE);
          try {
            for (let n = 0; n < ALL; n += STEP) {
              await server.tell({ do: "fill", from: n + 1, to: n + STEP });
              // The reader beside it is not kept waiting.
              await other.until(`record ${n + STEP}`);
            }
            const { traffic, rss } = await server.tell({ do: "look" });
            const more = ((rss - before.rss) / MiB).toFixed(1);
            console.log(`${runtime}: RSS ${more} MiB more after ${ALL} records to a frozen tab`);
            const sent = traffic.sent - ALL;
            assert.ok(sent <= MOST_SENT, `${sent} records were sent to a frozen page`);
          } finally {
            await server.tell({ do: "release" });
          }
          await frozen;
          await recordIsThere(page, ALL);
          assert.deepEqual(numbersOf(other.rows), numbers(1, ALL));
          const told = await heldRows(page);
          const gap = told.find(({ why }) => why === "slow");
          assertAccounted(told, 1, ALL);

          await page.evaluate((from) => location.hash = `#${from}`, gap?.from);
          await page.getByRole("button", { name: "Fetch" }).click();
          await page.locator(".counts", { hasText: "25,000 rows" }).waitFor();
          assert.deepEqual(numbersOf(await heldRows(page)), numbers(1, ALL));
          assert.deepEqual(problems, []);
        });
      }),
  );
}
