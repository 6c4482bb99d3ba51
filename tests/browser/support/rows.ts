/** What a page holds and draws, asked as a reader would. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";

/** A row that a page holds, as it saves it. */
export interface SavedRow {
  readonly msg?: string;
  /** `gap` where records are missing. */
  readonly $?: string;
  readonly from?: number;
  readonly to?: number;
  readonly n?: number;
  readonly why?: string;
}

/** Saves by an entry of the menu, and gives the file. */
export async function saved(page: Page, entry: RegExp): Promise<string> {
  await page.getByText("Save", { exact: true }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: entry }).click(),
  ]);
  return fs.readFileSync(await download.path(), "utf8");
}

/** All rows that the page holds, those that it does not draw too. */
export async function heldRows(page: Page): Promise<SavedRow[]> {
  const text = await saved(page, /Rows of this page, NDJSON/);
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** The texts of the rows that are drawn, in the order of the page. */
export function drawnTexts(page: Page): Promise<string[]> {
  return page.locator(".row .text").allTextContents();
}

/** Waits until a numbered record is in sight. */
export async function recordIsThere(page: Page, n: number): Promise<void> {
  await page.getByText(`record ${n}`, { exact: true }).waitFor({ timeout: 60_000 });
}

/** Waits until the page says that it is live. */
export async function isLive(page: Page): Promise<void> {
  await page.locator(".pill", { hasText: /^live$/ }).waitFor({ timeout: 60_000 });
}

/** Waits until an expression is true in the page, whose own policy forbids Playwright's way to ask. */
export async function until(page: Page, expression: string): Promise<void> {
  for (const end = Date.now() + 30_000; !await page.evaluate(expression);) {
    assert.ok(Date.now() < end, `This never came true: ${expression}`);
    await pause(20);
  }
}

/** The numbers of the records `record <n>` among rows. */
export function numbersOf(rows: readonly SavedRow[]): number[] {
  return rows.flatMap(({ msg }) => msg === undefined ? [] : [Number(msg.slice("record ".length))]);
}

/** The numbers `from` to `to`. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/**
 * Asserts that rows are the records `1..last`, each once and in order, where those that are missing are
 * told by gaps of exactly their numbers.
 */
export function assertAccounted(rows: readonly SavedRow[], first: number, last: number): void {
  let next = first;
  for (const { msg, $, from, to, n } of rows) {
    if ($ === "gap") {
      assert.deepEqual([from, n], [next, to! - from! + 1], `a gap from ${from} to ${to}`);
      next = to! + 1;
    } else assert.equal(msg, `record ${next++}`);
  }
  assert.equal(next, last + 1);
}
