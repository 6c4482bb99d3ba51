/** What the axe rules find wrong with a page. */
import * as fs from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: { html: string }[] }[];
}

/** The rules that are broken, each with the markup that breaks it; a good page has none. */
export async function axeViolations(
  page: Page,
): Promise<readonly (readonly [rule: string, markup: readonly string[]])[]> {
  // Our policy refuses every other script, so it goes in by the debugger's own way.
  await page.evaluate(fs.readFileSync(axe, "utf8"));
  const result = await page.evaluate("axe.run()") as AxeResult;
  return result.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)] as const);
}
