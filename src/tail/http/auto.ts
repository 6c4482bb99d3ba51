/**
 * Picks what {@linkcode TailRouteOptions} needs of the runtime at hand.
 *
 * @module
 */
import { loadHonoAdapter } from "../../platform/hono_adapter.ts";
import type { ConnInfo, TailRouteOptions, Upgrade } from "./routes.ts";

export type { TailRouteOptions };

/** The part of the options that differs from runtime to runtime. */
export interface TailAdapter {
  /** For `tailRoutes`: WebSockets. */
  readonly upgradeWebSocket: Upgrade;
  /** For `tailRoutes`: the address of a client, so that each may have only so many seats. */
  readonly connInfo: ConnInfo;
  /**
   * For the server: the `websocket` option of `Bun.serve` and of `serve` of `@hono/node-server`;
   * undefined on Deno, which takes none.
   */
  readonly websocket: unknown;
}

/**
 * Loads the adapter of Deno, Bun or Node, and nothing of the others.
 *
 * @throws {Error} If a package is missing that the runtime needs for WebSockets (Node:
 * `@hono/node-server` and `ws`)
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { createTail } from "@logflume/logflume";
 * import { tailRoutes } from "@logflume/logflume/hono";
 * import { tailAdapter } from "@logflume/logflume/hono/auto";
 *
 * const { websocket, ...adapter } = await tailAdapter();
 * const app = new Hono().route("/", tailRoutes(createTail(), adapter));
 * // Deno: Deno.serve(app.fetch)
 * // Bun:  Bun.serve({ fetch: app.fetch, websocket })
 * // Node: serve({ fetch: app.fetch, websocket })
 * console.log(typeof app.fetch, typeof websocket);
 * ```
 */
export async function tailAdapter(): Promise<TailAdapter> {
  const { upgradeWebSocket, connInfo, websocket } = await loadHonoAdapter();
  return { upgradeWebSocket: upgradeWebSocket as Upgrade, connInfo, websocket };
}
