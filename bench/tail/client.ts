/**
 * The clients of the tail's bench, all in one process: `client.ts CROWD`. It says `{}` when all of them are
 * there, takes `{"last":n}` when all is written, and reports when they have it, or have waited for long.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { Account, Latencies } from "./account.ts";
import { type Pace, ReaderSocket } from "./client_socket.ts";
import { nowUs } from "./line.ts";
import { type Message, messageReader } from "./messages.ts";
import type { ClientReport, Crowd } from "./protocol.ts";

const ACK_MS = 250;
const ACK_BYTES = 256 * 1024;
const SLOW_BYTES_PER_SECOND = 64 * 1024;
/** How long the last lines may be under way. */
const PATIENCE_MS = 20_000;
const SUBSCRIBE = JSON.stringify({ t: "sub", v: 1, from: "live" });

const crowd = JSON.parse(process.argv[2] ?? "{}") as Crowd;
const isProtocol = crowd.way === "ours";
const read = messageReader(crowd.way);
const latencies = new Latencies();

/** One client, which acknowledges as the protocol asks for. */
class Client {
  readonly account = new Account();
  readonly socket: ReaderSocket;
  readonly ready: Promise<void>;
  readonly #isMeasured: boolean;
  #setReady = () => {};
  /** Closed by the server. */
  isClosed = false;
  #isPending = false;
  #bytes = 0;
  #ackedAt: number;

  constructor(pace: Pace, ackedAt: number) {
    this.#isMeasured = pace === "full";
    this.#ackedAt = ackedAt;
    this.ready = new Promise((resolve) => this.#setReady = resolve);
    this.socket = new ReaderSocket(crowd.port, isProtocol ? "/logs?v=1" : "/logs", pace, {
      onOpen: () => {
        if (isProtocol) this.socket.send(SUBSCRIBE);
        if (!isProtocol || pace === "dead") this.#setReady();
      },
      onMessage: (payload) => {
        this.#take(read(payload));
        this.#bytes += payload.length;
        if (this.#bytes >= ACK_BYTES) this.acknowledge(performance.now());
      },
      onClose: () => this.isClosed = true,
    });
  }

  #take(message: Message): void {
    if (message.kind === "live") this.#setReady();
    if (message.kind === "gap") this.account.told(message.from, message.to);
    if (message.kind !== "lines") return;
    this.account.took(message.from, message.to);
    this.#isPending = true;
    if (!this.#isMeasured || message.to <= crowd.warmUpLines) return;
    const now = nowUs();
    for (const dueUs of message.duesUs) latencies.add(now - dueUs);
  }

  /** Acknowledges if it is time. */
  look(now: number): void {
    if (this.#isPending && now - this.#ackedAt >= ACK_MS) this.acknowledge(now);
  }

  acknowledge(now: number): void {
    if (isProtocol) this.socket.send(`{"t":"ack","seq":${this.account.reached}}`);
    this.#isPending = false;
    this.#bytes = 0;
    this.#ackedAt = now;
  }
}

function clients(count: number, pace: Pace): Client[] {
  // They did not all come at once, so they do not all speak at once.
  const start = performance.now();
  return Array.from({ length: count }, (_, i) => new Client(pace, start - ACK_MS * i / count));
}

async function untilAll(reached: readonly Client[], last: number): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  const isDone = ({ account, isClosed }: Client) => isClosed || account.reached >= last;
  while (!reached.every(isDone) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const commands = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const healthy = clients(crowd.healthy, "full");
const slow = clients(crowd.slow, { bytesPerSecond: SLOW_BYTES_PER_SECOND });
const dead = clients(crowd.dead, "dead");
await Promise.all([...healthy, ...slow, ...dead].map(({ ready }) => ready));
setInterval(() => {
  const now = performance.now();
  for (const client of [...healthy, ...slow]) client.look(now);
}, ACK_MS / 10);
console.log("{}");
const { last } = JSON.parse((await commands.next()).value as string) as { last: number };
await untilAll(healthy, last);
for (const { socket } of slow) socket.hurry();
await untilAll(slow, last);

const all = [...healthy, ...slow];
const sums = all.map(({ account }) => account.sum(last));
const ofSlow = sums.slice(healthy.length);
const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
const report: ClientReport = {
  share: sumOf(healthy.map(({ account }) => account.got)) / (last * Math.max(1, healthy.length)),
  p50Ms: latencies.quantile(0.5),
  p99Ms: latencies.quantile(0.99),
  wrong: sumOf(all.map(({ account }) => account.wrong)),
  missed: sumOf(ofSlow.map(({ missed }) => missed)),
  declared: sumOf(ofSlow.map(({ declared }) => declared)),
  dishonest: sums.filter(({ isHonest }) => !isHonest).length,
  closed: all.filter(({ isClosed }) => isClosed).length,
};
console.log(JSON.stringify(report));
process.exit(0);
