/**
 * Listens for HTTP and WebSocket on whichever runtime this is.
 *
 * @module
 */
import type { ServeDriver, ServeOptions } from "./serve_driver.ts";

export type { FetchHandler, ServeOptions } from "./serve_driver.ts";

/** A server that listens. */
export interface RunningServer extends AsyncDisposable {
  /** The port it listens on. */
  readonly port: number;
  /** The address it listens on. */
  readonly hostname: string;
  /** Stops at once, open streams and sockets included. A second call does nothing. */
  close(): Promise<void>;
}

/** The port is taken; the message names it and the way out. */
export class AddressInUseError extends Error {
  /** Tells it from other errors. */
  override readonly name = "AddressInUseError";
  /** The address that was asked for. */
  readonly hostname: string;
  /** The port that was asked for. */
  readonly port: number;
  /** Says in one sentence which port on which address is taken. */
  constructor(hostname: string, port: number, cause: unknown) {
    super(
      `Port ${port} on ${hostname} is in use: choose another port, or end the program that holds it`,
      { cause },
    );
    this.hostname = hostname;
    this.port = port;
  }
}

/**
 * Listens, and resolves when the port is open. `Upgrade` is the type under which `build` takes the
 * runtime's `upgradeWebSocket`.
 *
 * @throws {AddressInUseError} If the port is taken
 */
export async function serve<Upgrade>(options: ServeOptions<Upgrade>): Promise<RunningServer> {
  const driver = await driverOf<Upgrade>();
  const listening = await driver(options).catch((error: unknown) => {
    throw isAddressInUse(error)
      ? new AddressInUseError(options.hostname, options.port, error)
      : error;
  });
  let closing: Promise<void> | undefined;
  const close = () => closing ??= listening.close();
  const { hostname } = options;
  return { port: listening.port, hostname, close, [Symbol.asyncDispose]: close };
}

/** Only the file of the runtime at hand is loaded, so the others' packages need not be there. */
async function driverOf<Upgrade>(): Promise<ServeDriver<Upgrade>> {
  // Deno and Bun both imitate Node, so they are asked first.
  if (Object.hasOwn(globalThis, "Deno")) return (await import("./serve_deno.ts")).serveDeno;
  if (Object.hasOwn(globalThis, "Bun")) return (await import("./serve_bun.ts")).serveBun;
  return (await import("./serve_node.ts")).serveNode;
}

function isAddressInUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "AddrInUse" || (error as { code?: unknown }).code === "EADDRINUSE";
}
