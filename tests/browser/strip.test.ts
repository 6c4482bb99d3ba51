import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { axeViolations } from "./support/axe.ts";
import { browserTest } from "./support/chromium.ts";
import { isLive, recordIsThere, until } from "./support/rows.ts";
import { isCurrent, strip, withTimedPage } from "./support/timed_page.ts";

/** How many stretches of one severity are drawn. */
async function stretches(page: Page, kind: string): Promise<number> {
  const path = await page.locator(`.strip .${kind}`).getAttribute("d");
  return (path ?? "").split("z").length - 1;
}

browserTest(
  "bars show rows by severity, follow the filter, and lead to rows by pointer and keys",
  () =>
    withTimedPage(async (page) => {
      assert.equal(await stretches(page, "bad"), 10);
      assert.equal(await stretches(page, "warn"), 20);
      await page.getByText("Jan 01 14:00:00", { exact: true }).waitFor();
      const box = (await strip(page).boundingBox())!;
      await page.mouse.move(box.x + 16, box.y + 10);
      await page.locator(".strip .told", { hasText: /^Jan 01 14:00:00 – 14:00:04: 4 rows$/ })
        .waitFor();
      await page.mouse.click(box.x + 16, box.y + 10);
      await isCurrent(page, 1);
      await page.mouse.move(box.x + 500, box.y + 400);
      await strip(page).focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      const text = await strip(page).getAttribute("aria-valuetext");
      assert.equal(text, "Jan 01 14:00:04 – 14:00:08: 4 rows");
      await page.keyboard.press("Enter");
      await isCurrent(page, 5);
      await page.keyboard.press("End");
      await page.keyboard.press("Space");
      await isCurrent(page, 597);
      await page.keyboard.press("Escape");
      await page.locator("#log:focus").waitFor();
      await page.locator(".chip.info").click();
      await page.locator(".chip.warn").click();
      await until(page, `document.querySelector(".strip .calm").getAttribute("d") === ""`);
      assert.equal(await stretches(page, "bad"), 10);
    }),
);

browserTest(
  "the part of the bars that is on the screen is marked, and the list does not move",
  () =>
    withTimedPage(async (page, server) => {
      const mark = page.locator(".strip .sight");
      const atEnd = (await mark.boundingBox())!;
      const list = (await page.locator("#log").boundingBox())!;
      assert.ok(atEnd.x > 500);
      await page.keyboard.press("Home");
      await isCurrent(page, 1);
      await until(page, `document.querySelector(".strip .sight").getBoundingClientRect().x < 20`);
      await page.keyboard.press("End");
      await isLive(page);
      await server.tell({ do: "fill", from: 601, to: 601 });
      await recordIsThere(page, 601);
      assert.deepEqual(await page.locator("#log").boundingBox(), list);
    }),
);

browserTest("the bars can be hidden, and stay so", () =>
  withTimedPage(async (page) => {
    await page.keyboard.press("b");
    await strip(page).waitFor({ state: "detached" });
    await page.reload();
    await isLive(page);
    assert.equal(await strip(page).count(), 0);
    await page.getByRole("button", { name: "Bars" }).click();
    await strip(page).waitFor();
  }));

browserTest("bars fit a narrow screen, and are not printed", () =>
  withTimedPage(async (page) => {
    const { width } = (await page.locator(".strip svg").boundingBox())!;
    assert.ok(width > 300 && width <= 390);
    await page.emulateMedia({ media: "print" });
    await strip(page).waitFor({ state: "hidden" });
  }, { viewport: { width: 390, height: 780 } }));

for (const colorScheme of ["dark", "light"] as const) {
  browserTest(
    `axe finds nothing wrong with the bars and the help in ${colorScheme}`,
    () =>
      withTimedPage(async (page) => {
        await page.emulateMedia({ colorScheme });
        await strip(page).focus();
        assert.deepEqual(await axeViolations(page), []);
        await page.keyboard.press("?");
        await page.getByText("bars: rows over time").waitFor();
        assert.deepEqual(await axeViolations(page), []);
      }),
  );
}
