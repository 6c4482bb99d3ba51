/** A page on rows whose times are known. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { withPage } from "./chromium.ts";
import { isLive } from "./rows.ts";
import { startServer, type TailServer } from "./tail_server.ts";

const ALL = 600;
const START = Date.UTC(2026, 0, 1, 14);
/** A row a second from 14:00:00 UTC on, with an error each minute and two warnings. */
const LINES = Array.from({ length: ALL }, (_, i) => {
  const level = i % 60 === 30 ? "error" : i % 20 === 10 ? "warn" : "info";
  const time = new Date(START + i * 1_000).toISOString();
  return JSON.stringify({ time, level, msg: `record ${i + 1}` });
});

/** Opens a page on ten minutes of rows, `record 1` to `record 600`, in UTC unless told otherwise. */
export async function withTimedPage(
  use: (page: Page, server: TailServer) => Promise<void>,
  options: { timezoneId?: string; viewport?: { width: number; height: number } } = {},
): Promise<void> {
  await using server = await startServer();
  await server.tell({ do: "write", lines: LINES });
  await withPage(server.url, async ({ page, problems }) => {
    await isLive(page);
    await page.locator(".strip .calm[d^=M]").waitFor({ state: "attached" });
    await use(page, server);
    assert.deepEqual(problems, []);
  }, { timezoneId: "UTC", colorScheme: "dark", ...options });
}

/** The bars of rows over time. */
export function strip(page: Page): Locator {
  return page.getByRole("slider", { name: "Rows over time" });
}

/** Waits until a numbered record is the one where the reader is. */
export async function isCurrent(page: Page, n: number): Promise<void> {
  await page.locator(".row.current", { hasText: new RegExp(`record ${n}$`) }).waitFor();
}
