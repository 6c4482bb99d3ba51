import type { Context } from "hono";
import { PAGE_CSS } from "./page_css.ts";
import { PAGE_HTML } from "./page_html.ts";
import { PAGE_SCRIPT } from "./page_script.ts";

/** The page in one file: nothing is loaded from anywhere else. */
export const PAGE: string = PAGE_HTML
  .replace("/*css*/", () => PAGE_CSS)
  .replace("/*script*/", () => PAGE_SCRIPT);

let policy: Promise<string> | undefined;

/** Answers with the page, under a policy that lets its own script and style run and nothing else. */
export async function pageResponse(c: Context): Promise<Response> {
  policy ??= contentPolicy();
  c.header("Content-Security-Policy", await policy);
  c.header("Referrer-Policy", "no-referrer");
  return c.html(PAGE);
}

async function contentPolicy(): Promise<string> {
  const [script, style] = await Promise.all([sha256(PAGE_SCRIPT), sha256(PAGE_CSS)]);
  return [
    "default-src 'none'",
    `script-src 'sha256-${script}'`,
    `style-src 'sha256-${style}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
