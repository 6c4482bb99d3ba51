import assert from "node:assert/strict";
import { browserTest, withPage } from "./support/chromium.ts";
import { startProxy } from "./support/proxy.ts";
import { numbers, numbersOf, type SavedRow } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

/** Listens as a page of its own making would, and keeps the lines. */
const LISTEN = `
  globalThis.lines = [];
  new EventSource("/logs").onmessage = ({ data }) => lines.push(...data.split("\\n"));
`;

for (const runtime of RUNTIMES) {
  browserTest(`an EventSource that was cut off goes on where it was, from ${runtime}`, async () => {
    await using server = await startServer({ runtime });
    await using proxy = await startProxy(server.port);
    await server.tell({ do: "fill", from: 1, to: 100 });
    await withPage(`http://127.0.0.1:${proxy.port}/other`, async ({ page }) => {
      await page.evaluate(LISTEN);
      await page.waitForFunction("lines.length === 100");
      for (let n = 100; n < 400; n += 100) {
        proxy.cut();
        await server.tell({ do: "fill", from: n + 1, to: n + 100 });
        await page.waitForFunction(`lines.length >= ${n + 100}`);
      }
      const lines = await page.evaluate("lines") as string[];
      const rows = lines.map((line) => JSON.parse(line) as SavedRow);
      assert.deepEqual(numbersOf(rows), numbers(1, 400));
    }, { expects: /./ });
  });
}
