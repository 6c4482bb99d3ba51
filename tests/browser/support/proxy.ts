/** A TCP proxy between browser and server that can cut, slow down and stop what passes. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** How often a slowed link lets something pass. */
const STEP_MS = 20;

/** A running proxy. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections were made through it. */
  readonly links: number;
  /** Breaks every link that is open. */
  cut(): void;
  /** Breaks the link by which so many more bytes have come from the server. */
  cutAfter(bytes: number): Promise<void>;
  /** Lets only so many bytes a second pass to the clients; 0 lets none, `Infinity` all. */
  limit(bytesPerSecond: number): void;
  /** Leads new links to another port. */
  leadTo(port: number): void;
}

/** Starts a proxy in front of a port of this machine. */
export async function startProxy(to: number): Promise<Proxy> {
  const proxy = new LinkProxy(to);
  await proxy.listen();
  return proxy;
}

class LinkProxy implements Proxy {
  #to: number;
  #rate = Infinity;
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>();
  readonly #server = createServer({ allowHalfOpen: false }, (client) => this.#accept(client));
  #cutAt: { bytes: number; readonly cut: () => void } | undefined;
  links = 0;

  constructor(to: number) {
    this.#to = to;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  cut(): void {
    for (const pair of [...this.#pairs]) for (const socket of pair) socket.destroy();
  }

  cutAfter(bytes: number): Promise<void> {
    return new Promise((cut) => this.#cutAt = { bytes, cut });
  }

  limit(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond;
    for (const [, server] of this.#pairs) if (bytesPerSecond > 0) server.resume();
  }

  leadTo(port: number): void {
    this.#to = port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    this.links++;
    const server = connect(this.#to, "127.0.0.1");
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    client.on("data", (data) => void server.write(data));
    server.on("data", (data: Uint8Array) => this.#pass(data, client, server));
  }

  /** What may not pass yet is waited for before more is read, so that the server feels it. */
  #pass(data: Uint8Array, client: Socket, server: Socket): void {
    client.write(data);
    if (this.#isToCut(data.length)) return this.cut();
    if (this.#rate === Infinity) return;
    server.pause();
    if (this.#rate === 0) return;
    const waitMs = Math.max(STEP_MS, data.length / this.#rate * 1_000);
    setTimeout(() => this.#rate > 0 && server.resume(), waitMs);
  }

  #isToCut(bytes: number): boolean {
    const wish = this.#cutAt;
    if (wish === undefined || (wish.bytes -= bytes) > 0) return false;
    this.#cutAt = undefined;
    wish.cut();
    return true;
  }
}
