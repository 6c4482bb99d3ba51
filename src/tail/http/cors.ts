import type { Context } from "hono";

/** Lets a page of a listed origin read the answer; the guard has refused every other foreign one. */
export function allowOrigin(c: Context, origins: readonly string[]): void {
  const origin = c.req.header("origin");
  c.header("Vary", "Accept, Origin");
  if (origin === undefined || !origins.includes(origin)) return;
  c.header("Access-Control-Allow-Origin", origin);
  c.header("Access-Control-Allow-Credentials", "true");
}

/** Answers the question that a browser asks before it sends a header of ours to another origin. */
export function preflightResponse(c: Context): Response {
  c.header("Access-Control-Allow-Methods", "GET, POST");
  c.header("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID");
  c.header("Access-Control-Max-Age", "600");
  return c.body(null, 204);
}
