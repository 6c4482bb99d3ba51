/**
 * The server of the tail's bench, on any runtime: `server.ts ours|frame|plain`. It says which port it has,
 * takes a {@linkcode Go}, says `{}` when all is written, takes `{}` when the clients have all, and reports.
 */
import { Hono, type MiddlewareHandler } from "hono";
import process from "node:process";
import { createInterface } from "node:readline";
import { tailRoutes, type Upgrade } from "../../src/tail/http/routes.ts";
import { createTail } from "../../src/tail/hub.ts";
import { serve } from "../../src/platform/serve.ts";
import { lineOf, nowUs } from "./line.ts";
import type { Go, ServerReport, Way } from "./protocol.ts";

const MAX_CLIENTS = 2_000;
const FRAME_MS = 50;
/** How often the writer writes what is due: a timer for each line would be most of what is measured. */
const TURN_MS = 5;
const RSS_EVERY_MS = 250;
const MIB = 1024 * 1024;

/** One way to bring lines to clients. */
interface Sender {
  readonly routes: (upgrade: Upgrade) => Hono;
  readonly write: (line: string) => void;
}

interface Sendable {
  readonly readyState: number;
  send(text: string): unknown;
}

/** Our tail, with no pipeline before it. */
function ours(): Sender {
  const tail = createTail();
  return {
    routes: (upgradeWebSocket) => tailRoutes(tail, { upgradeWebSocket, maxClients: MAX_CLIENTS }),
    write: (line) => tail.write(line),
  };
}

/** What both loops have: all sockets, and a route that collects them. */
function bare(): { routes: Sender["routes"]; send: (text: string) => void } {
  const sockets = new Set<Sendable>();
  const events = () => ({
    onOpen: (_event: unknown, { raw }: { raw?: unknown }) => void sockets.add(raw as Sendable),
    onMessage() {},
    onClose: (_event: unknown, { raw }: { raw?: unknown }) => void sockets.delete(raw as Sendable),
    onError() {},
    onDrain() {},
  });
  return {
    routes: (upgrade) => new Hono().get("/logs", upgrade(events) as MiddlewareHandler),
    send(text) {
      for (const socket of sockets) if (socket.readyState === 1) socket.send(text);
    },
  };
}

/** Each line to each client at once. */
function plain(): Sender {
  const { routes, send } = bare();
  return { routes, write: send };
}

/** One joined frame each 50 ms. */
function frame(): Sender {
  const { routes, send } = bare();
  let lines: string[] = [];
  setInterval(() => {
    if (lines.length === 0) return;
    send(lines.join("\n"));
    lines = [];
  }, FRAME_MS);
  return { routes, write: (line) => void lines.push(line) };
}

const SENDERS: Readonly<Record<Way, () => Sender>> = { ours, frame, plain };

/** Writes each line when it is due, or as soon after that as this process gets its turn. */
class Writer {
  /** Lines written. */
  written = 0;
  /** How late the latest line was. */
  latestMs = 0;
  readonly #write: Sender["write"];
  readonly #rate: number;
  readonly #beginUs: number = nowUs();
  #callsNs: number[] = [];

  constructor(write: Sender["write"], rate: number) {
    this.#write = write;
    this.#rate = rate;
  }

  /** Writes until so many are written; figures are of this part. */
  async writeUntil(total: number): Promise<void> {
    this.#callsNs = [];
    this.latestMs = 0;
    while (this.written < total) {
      const elapsed = (nowUs() - this.#beginUs) / 1e6;
      this.#writeUpTo(Math.min(total, Math.floor(elapsed * this.#rate)));
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  }

  /** The median time of a call. */
  get callNs(): number {
    return this.#callsNs.sort((a, b) => a - b)[this.#callsNs.length >> 1] ?? NaN;
  }

  #writeUpTo(due: number): void {
    const { written } = this;
    if (due === written) return;
    const lines = Array.from(
      { length: due - written },
      (_, i) => lineOf(written + i + 1, this.#dueUs(written + i)),
    );
    const start = performance.now();
    for (const line of lines) this.#write(line);
    this.#callsNs.push((performance.now() - start) * 1e6 / lines.length);
    this.latestMs = Math.max(this.latestMs, (nowUs() - this.#dueUs(written)) / 1000);
    this.written = due;
  }

  #dueUs(index: number): number {
    return Math.round(this.#beginUs + index * 1e6 / this.#rate);
  }
}

/** Looks at the memory in use until it is asked for the most of it. */
function watchRss(): () => { rssMiB: number; rssRiseMiB: number } {
  const before = process.memoryUsage().rss;
  let most = before;
  const look = () => most = Math.max(most, process.memoryUsage().rss);
  const timer = setInterval(look, RSS_EVERY_MS);
  return () => {
    clearInterval(timer);
    look();
    return { rssMiB: most / MIB, rssRiseMiB: (most - before) / MIB };
  };
}

function tell(message: unknown): void {
  console.log(JSON.stringify(message));
}

const way = process.argv[2] as Way;
const commands = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { routes, write } = SENDERS[way]();
const server = await serve<Upgrade>({ hostname: "127.0.0.1", port: 0, build: routes });
tell({ port: server.port });
const go = JSON.parse((await commands.next()).value as string) as Go;
const rss = watchRss();
const writer = new Writer(write, go.rate);
await writer.writeUntil(go.rate * go.warmUpSeconds);
const cpu = process.cpuUsage();
const start = performance.now();
await writer.writeUntil(go.rate * (go.warmUpSeconds + go.seconds));
const acceptedPerSecond = go.rate * go.seconds * 1000 / (performance.now() - start);
const { callNs, latestMs } = writer;
tell({});
await commands.next();
const { user, system } = process.cpuUsage(cpu);
const cpuSeconds = (user + system) / 1e6;
tell({ acceptedPerSecond, callNs, latestMs, cpuSeconds, ...rss() } satisfies ServerReport);
process.exit(0);
