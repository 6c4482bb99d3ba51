import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { axeViolations } from "./support/axe.ts";
import { browserTest, withPage } from "./support/chromium.ts";
import { isLive, recordIsThere } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";
import { isCurrent, withTimedPage } from "./support/timed_page.ts";

async function goTo(page: Page, text: string): Promise<void> {
  await page.keyboard.press("T");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

async function isClosed(page: Page): Promise<void> {
  await page.locator("#moment").waitFor({ state: "hidden" });
}

browserTest(
  "a moment that is typed leads to the first row at or after it",
  () =>
    withTimedPage(async (page) => {
      await goTo(page, "14:05:00");
      await isCurrent(page, 301);
      await isClosed(page);
      await page.locator(".pill", { hasText: "paused" }).waitFor();
      await goTo(page, "2026-01-01T15:02:00.500+01:00");
      await isCurrent(page, 122);
      await isClosed(page);
      await goTo(page, "2026-01-01 14:03");
      await isCurrent(page, 181);
    }),
);

browserTest(
  "a moment is of the zone in which the page tells times",
  () =>
    withTimedPage(async (page) => {
      await goTo(page, "15:05:00");
      await isCurrent(page, 301);
      await isClosed(page);
      await page.keyboard.press("t");
      await page.getByRole("button", { name: "UTC" }).waitFor();
      await goTo(page, "14:05:01");
      await isCurrent(page, 302);
    }, { timezoneId: "Europe/Berlin" }),
);

browserTest(
  "a moment that is none gets one sentence in the field, which Escape leaves",
  () =>
    withTimedPage(async (page) => {
      const field = page.getByRole("textbox", { name: "Go to a time" });
      const note = page.locator("#moment-note");
      await page.locator("#log").focus();
      await goTo(page, "25:99");
      await note.filter({ hasText: "A time of day goes from 00:00 to 23:59:59" }).waitFor();
      assert.equal(await field.getAttribute("aria-invalid"), "true");
      const { height } = (await page.locator("#moment").boundingBox())!;
      await field.fill("2027-01-01");
      assert.equal(await field.getAttribute("aria-invalid"), "false");
      assert.equal((await page.locator("#moment").boundingBox())!.height, height);
      await page.keyboard.press("Enter");
      await note.filter({ hasText: /^No row is that late: the newest is of .*14:09:59\.000/ })
        .waitFor();
      await page.keyboard.press("Escape");
      await isClosed(page);
      await page.locator("#log:focus").waitFor();
      await isLive(page);
      await page.keyboard.press("T");
      await note.filter({ hasText: /^Also/ }).waitFor();
    }),
);

for (const colorScheme of ["dark", "light"] as const) {
  browserTest(
    `axe finds nothing wrong with the way to a moment in ${colorScheme}`,
    () =>
      withTimedPage(async (page) => {
        await page.emulateMedia({ colorScheme });
        await goTo(page, "soon");
        await page.locator("#moment-note.problem").waitFor();
        assert.deepEqual(await axeViolations(page), []);
        await page.keyboard.press("Escape");
        await isClosed(page);
        await page.keyboard.press("?");
        await page.getByText("go to a time", { exact: true }).waitFor();
      }),
  );
}

for (const runtime of RUNTIMES) {
  browserTest(`what the page does not hold is fetched from the log, from ${runtime}`, async () => {
    const wal = fs.mkdtempSync(join(tmpdir(), "logflume-moment-"));
    try {
      await using server = await startServer({ runtime, wal, maxBytes: 64 * 1024 });
      await server.tell({ do: "fill", from: 1, to: 4_000 });
      // Records of one millisecond lie on one side of a moment.
      await pause(20);
      const between = new Date().toISOString();
      await server.tell({ do: "fill", from: 4_001, to: 12_000 });
      await withPage(`${server.url}#5`, async ({ page, problems }) => {
        await isCurrent(page, 5);
        await page.goto(server.url);
        await isLive(page);
        await goTo(page, between);
        await isCurrent(page, 4_001);
        await isClosed(page);
        await page.evaluate("location.hash = '#1234'");
        await isCurrent(page, 1_234);
        await page.keyboard.press("End");
        await recordIsThere(page, 12_000);
        assert.deepEqual(problems, []);
      });
    } finally {
      fs.rmSync(wal, { recursive: true });
    }
  });
}
