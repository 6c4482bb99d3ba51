import assert from "node:assert/strict";
import { axeViolations } from "./support/axe.ts";
import { browserTest, withPage } from "./support/chromium.ts";
import { laneStats, pipelineStats } from "./support/figures.ts";
import { drawnTexts } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

for (const runtime of RUNTIMES) {
  browserTest(
    `rows written before and after the page opens stand there in order, served by ${runtime}`,
    async () => {
      await using server = await startServer({ runtime });
      await server.tell({ do: "fill", from: 1, to: 500 });
      await withPage(server.url, async ({ page, problems }) => {
        await page.getByText("record 500", { exact: true }).waitFor();
        await server.tell({ do: "fill", from: 501, to: 1_500 });
        await page.getByText("record 1500", { exact: true }).waitFor();
        const texts = await drawnTexts(page);
        assert.ok(texts.length <= 100, `${texts.length} rows are drawn`);
        const first = 1_500 - texts.length + 1;
        assert.deepEqual(texts, texts.map((_, i) => `record ${first + i}`));
        await page.locator(".counts", { hasText: "1,500 rows" }).waitFor();
        assert.deepEqual(problems, []);
      });
    },
  );
}

const HOSTILE = [
  `<img src=x onerror="alert(1)">`,
  "</script><script>alert(2)</script>",
  "\u001b[31mred\u001b[0m and \u001b[2Jnot cleared",
  "right \u202eto left\u202c",
  "nul \u0000 bell \u0007",
  "half \ud800 pair",
  "{{constructor.constructor('alert(3)')()}}",
];
const SHOWN = [
  HOSTILE[0],
  HOSTILE[1],
  "red and U+001B[2Jnot cleared",
  "right U+202Eto leftU+202C",
  "nul U+0000 bell U+0007",
  "half U+D800 pair",
  HOSTILE[6],
];

browserTest("hostile text is shown as text and nothing else", async () => {
  await using server = await startServer();
  const time = "2026-01-01T00:00:00.000Z";
  await server.tell({
    do: "write",
    lines: HOSTILE.map((msg) =>
      JSON.stringify({ time, level: "error", msg, logger: msg, fields: { [msg]: msg } })
    ),
  });
  await withPage(server.url, async ({ page, problems }) => {
    await page.locator(".row").nth(HOSTILE.length - 1).waitFor();
    const messages = page.locator(".row .text");
    for (const [i, text] of SHOWN.entries()) {
      assert.ok((await messages.nth(i).textContent())?.startsWith(text!), text!);
      await page.locator(".row .line").nth(i).click();
      await page.locator(".row").nth(i).locator(".details").waitFor();
      await page.locator(".row .line").nth(i).click();
    }
    assert.equal(await page.locator(".row img, .row script").count(), 0);
    assert.deepEqual(problems, []);
  });
});

for (const colorScheme of ["dark", "light"] as const) {
  browserTest(`axe finds nothing wrong with the page in ${colorScheme}`, async () => {
    await using server = await startServer();
    const lanes = {
      good: laneStats({ delivered: 900 }),
      bad: laneStats({ state: "breaker-open", pending: 1_204, lastError: "503", breaker: "open" }),
    };
    await server.tell({ do: "stats", stats: pipelineStats({ lanes }) });
    const levels = ["trace", "debug", "info", "warn", "error", "fatal"];
    const lines = levels.map((level, i) =>
      JSON.stringify({
        time: new Date().toISOString(),
        level,
        logger: "shop.cart",
        msg: `\u001b[32mgreen\u001b[0m \u001b[4${i}mback\u001b[0m ${level} message`,
        fields: { user: { id: 42, name: "bob" }, ok: true },
      })
    );
    await server.tell({ do: "write", lines });
    await withPage(server.url, async ({ page, problems }) => {
      await page.getByText("fatal message").waitFor();
      await page.getByText("1 of 2 in trouble").waitFor();
      await page.locator(".row .line").nth(2).click();
      await page.locator(".details").waitFor();
      await page.keyboard.press("Control+f");
      await page.keyboard.type("message");
      await page.getByText("3 / 6").waitFor();
      assert.deepEqual(await axeViolations(page), []);
      assert.deepEqual(problems, []);
    }, { colorScheme });
  });
}
