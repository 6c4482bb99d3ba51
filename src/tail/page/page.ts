import type { Context } from "hono";
import { PAGE } from "./page_html.ts";

/** Answers with the page, under a policy that lets its own script and style run and nothing else. */
export function pageResponse(c: Context): Response | Promise<Response> {
  c.header("Content-Security-Policy", PAGE.csp);
  c.header("Referrer-Policy", "no-referrer");
  return c.html(PAGE.html);
}
