import type { HonoAdapter } from "./hono_driver.ts";

export type { HonoAdapter } from "./hono_driver.ts";

/**
 * Loads the adapter of the runtime at hand and none of the others, whose packages need not be there.
 *
 * @throws {Error} If a package that it needs is missing
 */
export async function loadHonoAdapter(): Promise<HonoAdapter> {
  // Deno and Bun both imitate Node, so they are asked first.
  if (Object.hasOwn(globalThis, "Deno")) return (await import("./hono_deno.ts")).denoAdapter;
  if (Object.hasOwn(globalThis, "Bun")) return (await import("./hono_bun.ts")).bunAdapter;
  try {
    return (await import("./hono_node.ts")).createNodeAdapter();
  } catch (cause) {
    throw new Error(
      'Cannot load "@hono/node-server" and "ws": install them, for WebSocket on Node needs both',
      { cause },
    );
  }
}
