import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTest, withPage } from "./support/chromium.ts";
import { drawnTexts, heldRows, isLive, recordIsThere, saved, until } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

const ALL = 3_000;
/** Every third record is a warning that names a word of its own. */
const LINES = Array.from({ length: ALL }, (_, i) => {
  const n = i + 1;
  const level = n % 3 === 0 ? "warn" : n % 500 === 1 ? "error" : "info";
  const msg = `record ${n}${n % 3 === 0 ? " Needle" : ""}`;
  return JSON.stringify({ time: "2026-01-01T00:00:00.000Z", level, msg, fields: { n } });
});
const grep = (word: string) => LINES.filter((line) => line.includes(word)).length;

/** Opens a page on all lines. */
async function withLines(
  use: (page: Page, tell: (n: number) => Promise<unknown>) => Promise<void>,
  { runtime = "node" as (typeof RUNTIMES)[number], query = "" } = {},
): Promise<void> {
  await using server = await startServer({ runtime });
  await server.tell({ do: "write", lines: LINES });
  await withPage(server.url + query, async ({ page, problems }) => {
    // A page that was led to a record stands still there.
    await page.locator(".pill", { hasText: /^(live|paused)$/ }).waitFor();
    await use(page, (n) => server.tell({ do: "fill", from: n, to: n }));
    assert.deepEqual(problems, []);
  });
}

for (const runtime of RUNTIMES) {
  browserTest(
    `what is downloaded is what the server holds, byte for byte, from ${runtime}`,
    () =>
      withLines(async (page) => {
        assert.equal(await saved(page, /Whole log, NDJSON/), LINES.join("\n") + "\n");
        await page.locator("#filter").fill("level=warn");
        await page.locator(".counts", { hasText: "1,000 rows" }).waitFor();
        const warnings = LINES.filter((line) => line.includes('"warn"')).join("\n") + "\n";
        assert.equal(await saved(page, /All matches in the log, NDJSON/), warnings);
      }, { runtime }),
  );
}

browserTest(
  "scrolling up stands still and counts what comes; End follows again",
  () =>
    withLines(async (page, tell) => {
      await page.locator("#log").hover();
      await page.mouse.wheel(0, -600);
      await page.locator(".pill", { hasText: "paused" }).waitFor();
      const before = await drawnTexts(page);
      await tell(ALL + 1);
      await page.getByRole("button", { name: /1 new record/ }).waitFor();
      assert.deepEqual(await drawnTexts(page), before);
      await page.keyboard.press("End");
      await recordIsThere(page, ALL + 1);
      await isLive(page);
    }),
);

browserTest(
  "filter, levels and place stand in the address, and survive a reload",
  () =>
    withLines(async (page) => {
      await page.keyboard.press("/");
      await page.keyboard.type("needle n>=2000");
      await page.keyboard.press("Enter");
      await page.locator(".counts", { hasText: "334 rows" }).waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("1");
      await page.waitForURL(/q=needle.*levels=debug/);
      const texts = await drawnTexts(page);
      await page.reload();
      await page.locator(".counts", { hasText: "334 rows" }).waitFor();
      assert.equal(await page.locator("#filter").inputValue(), "needle n>=2000");
      assert.deepEqual(await drawnTexts(page), texts);
      assert.equal(await page.locator(".chip.trace").getAttribute("aria-pressed"), "false");
      await page.getByText(/hidden by filter/).waitFor();
    }),
);

browserTest("an address that names a record leads there", () =>
  withLines(async (page) => {
    await page.locator(".row.current", { hasText: "record 1234" }).waitFor();
    await page.locator(".pill", { hasText: "paused" }).waitFor();
  }, { query: "#1234" }));

browserTest("a filter that is wrong says where", () =>
  withLines(async (page) => {
    await page.locator("#filter").fill("level>=loud");
    await page.locator("#filter-note.problem").waitFor();
    assert.equal(await page.locator("#filter").getAttribute("aria-invalid"), "true");
  }));

browserTest(
  "find counts what grep counts, in all rows, and steps through them",
  () =>
    withLines(async (page) => {
      await page.keyboard.press("Control+f");
      await page.keyboard.type("Needle");
      const all = grep("Needle").toLocaleString("en");
      await page.locator(".hits", { hasText: new RegExp(` / ${all}$`) }).waitFor();
      const first = await page.locator(".hits").textContent();
      await page.keyboard.press("Enter");
      await page.locator(".hits").filter({ hasNotText: first! }).waitFor();
      await page.locator(".row.current", { hasText: "Needle" }).waitFor();
      await page.keyboard.press("Escape");
      await page.locator("#find-bar").waitFor({ state: "hidden" });
    }),
);

browserTest("everything is done with the keys alone", () =>
  withLines(async (page) => {
    await page.keyboard.press("E");
    await page.locator(".row.error.current", { hasText: "record 2501" }).waitFor();
    await page.keyboard.press("E");
    await page.locator(".row.error.current", { hasText: "record 1501" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".row.open .details").waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".row.open").waitFor({ state: "detached" });
    await page.keyboard.press("Home");
    await page.locator(".row.current", { hasText: /record 1\s/ }).waitFor();
    await page.keyboard.press("Space");
    await isLive(page);
    await page.keyboard.press("Space");
    await page.locator(".pill", { hasText: "paused" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.keyboard.press("d");
    await page.locator("html[data-theme=dark]").waitFor();
    await page.keyboard.press("d");
    await page.locator("html[data-theme=light]").waitFor();
    await page.keyboard.press("G");
    await isLive(page);
  }));

browserTest(
  "the list is a log, which speaks while it is slow and is silent while it is fast",
  () =>
    withLines(async (page) => {
      const log = page.getByRole("log", { name: "Log records" });
      await log.and(page.locator("[aria-live=polite]")).waitFor();
      await page.keyboard.press("Space");
      await log.and(page.locator("[aria-live=off]")).waitFor();
    }),
);

browserTest(
  "a click unfolds fields, and the file of this page's rows has all of them",
  () =>
    withLines(async (page) => {
      await page.locator(".row .line").last().click();
      await page.locator(".details", { hasText: "3000" }).waitFor();
      const rows = await heldRows(page);
      assert.deepEqual(rows, LINES.map((line) => JSON.parse(line)));
    }),
);

browserTest(
  "the end is in sight though a row above it is unfolded",
  () =>
    withLines(async (page) => {
      await page.locator(".row .line").nth(-5).click();
      await page.locator(".row.open .details").waitFor();
      await page.keyboard.press("End");
      await isLive(page);
      await until(
        page,
        `(() => {
        const [log, rows] = [document.querySelector("#log"), document.querySelectorAll(".row")];
        const end = [...rows].at(-1).getBoundingClientRect().bottom;
        return Math.abs(end - log.getBoundingClientRect().bottom) <= 1;
      })()`,
      );
    }),
);
