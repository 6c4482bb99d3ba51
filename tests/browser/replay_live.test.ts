import assert from "node:assert/strict";
import { browserTest, withPage } from "./support/chromium.ts";
import { heldRows, isLive, numbers, numbersOf, recordIsThere } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

const [BEFORE, ALL] = [500, 5_000];

/** The sequence numbers of the records in a message of the server. */
function seqsOf(payload: string): number[] {
  const message = JSON.parse(payload) as { t: string; r?: [number][] };
  return message.t === "b" ? message.r!.map(([seq]) => seq) : [];
}

for (const runtime of RUNTIMES) {
  browserTest(
    `rows and frames give each record once and in order, before and after opening, from ${runtime}`,
    async () => {
      await using server = await startServer({ runtime });
      await server.tell({ do: "fill", from: 1, to: BEFORE });
      await withPage("about:blank", async ({ page, problems }) => {
        const frames: string[] = [];
        page.on("websocket", (socket) => {
          socket.on("framereceived", ({ payload }) => frames.push(String(payload)));
        });
        // Records come while the page loads, replays and goes live.
        await server.tell({ do: "flow", from: BEFORE + 1, to: ALL, perSecond: 3_000 });
        await page.goto(server.url);
        await recordIsThere(page, ALL);
        await isLive(page);
        assert.deepEqual(numbersOf(await heldRows(page)), numbers(1, ALL));
        assert.deepEqual(frames.flatMap(seqsOf), numbers(1, ALL));
        assert.deepEqual(problems, []);
      });
    },
  );
}
