/** A real browser for the tests of the page, and the one line that says so where there is none. */
import * as fs from "node:fs";
import { platform } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { RUNTIME } from "../../support/spawn.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Finds a program on the PATH. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => fs.existsSync(path));
}

/** The browser, or else why the tests are not run here. */
function look(): { readonly path: string } | { readonly reason: string } {
  if (RUNTIME !== "node") return { reason: "the browser is driven from Node" };
  const path = process.env.LOGFLUME_CHROMIUM ?? findProgram(...NAMES);
  if (path !== undefined) return { path };
  // Where it can be installed by who runs the tests, a missing browser is an error.
  const isOurs = platform() === "linux" && process.getuid?.() === 0;
  return isOurs ? { path: "/usr/bin/chromium" } : { reason: "no chromium is on the PATH" };
}

const found = look();
let skipped = 0;

/** A test that needs the browser. Where it is not to be had the test counts as skipped, and says so. */
export function browserTest(name: string, body: () => Promise<void>): void {
  const skip = "reason" in found;
  if (skip) console.log(`Not run (${++skipped}): ${name}: ${found.reason}`);
  test(name, { skip, timeout: 120_000 }, body);
}

let running: Promise<Browser> | undefined;

/** The browser without a window, one for all tests of a file. */
export function chromium(): Promise<Browser> {
  if ("reason" in found) throw new Error(`No browser: ${found.reason}`);
  const { path } = found;
  return running ??= import("playwright-core").then(({ chromium }) =>
    chromium.launch({ executablePath: path, args: ["--no-sandbox"] })
  );
}

after(async () => await (await running)?.close());

/** A page that is open, and what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of scripts, refused resources, dialogs: a page that is well has none. */
  readonly problems: readonly string[];
}

/** How a page is opened. */
export interface PageOptions extends BrowserContextOptions {
  /** Errors of the console that belong to the test, such as those of a link that it cuts. */
  readonly expects?: RegExp;
  /** Runs in the page before its own script. */
  readonly before?: () => void;
}

/** Opens an address in a window of its own, runs `use`, and closes that whatever happens. */
export async function withPage(
  url: string,
  use: (open: OpenPage) => Promise<void>,
  { expects, before, ...options }: PageOptions = {},
): Promise<void> {
  const browser = await chromium();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  try {
    if (before !== undefined) await context.addInitScript(before);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("console", (message) => {
      // That there are no figures is an answer, which the browser calls an error.
      const isExpected = message.location().url.endsWith("/stats") ||
        expects?.test(message.text()) === true;
      if (message.type() === "error" && !isExpected) problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(String(error.stack ?? error)));
    page.on("dialog", (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    await use({ page, problems });
  } finally {
    await context.close();
  }
}
