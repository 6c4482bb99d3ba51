/** Runs one cell: a server on the runtime that is measured, and its clients in a process of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Runtime } from "../peers/runtimes.ts";
import type { ClientReport, Crowd, Go, ServerReport } from "./protocol.ts";

/** What is to be run. */
export interface Cell extends Omit<Crowd, "port" | "warmUpLines"> {
  /** Names it. */
  readonly id: string;
  /** Lines a second. */
  readonly rate: number;
}

/** What came of it. */
export type CellReport = ServerReport & Partial<ClientReport>;

const TIMEOUT_MS = 120_000;

/** A program that is spoken to in lines of JSON. */
class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor({ title, command }: Runtime, file: string, argument: string) {
    this.#name = `${file} on ${title}`;
    const [path, ...flags] = command;
    const program = fileURLToPath(new URL(file, import.meta.url));
    this.#child = spawn(path!, [...flags, program, argument], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#timer = setTimeout(() => this.end(), TIMEOUT_MS);
  }

  tell(message: unknown): void {
    this.#child.stdin!.write(JSON.stringify(message) + "\n");
  }

  async told<T>(): Promise<T> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`The program ${this.#name} has ended too early`);
    return JSON.parse(line.value) as T;
  }

  /** Resolves when it has ended by itself. */
  ended(): Promise<unknown> {
    const child = this.#child;
    const isOver = child.exitCode !== null || child.signalCode !== null;
    return isOver ? Promise.resolve() : new Promise((resolve) => child.once("exit", resolve));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#child.kill("SIGKILL");
  }
}

/** Runs a cell once. `clientRuntime` is the same for all, so that only the server differs. */
export async function runCell(
  cell: Cell,
  runtime: Runtime,
  clientRuntime: Runtime,
  { seconds, warmUpSeconds }: Omit<Go, "rate">,
): Promise<CellReport> {
  const server = new Program(runtime, "server.ts", cell.way);
  try {
    const { port } = await server.told<{ port: number }>();
    const go: Go = { rate: cell.rate, seconds, warmUpSeconds };
    if (cell.healthy === 0) return await writeTo(server, go);
    const crowd: Crowd = { ...cell, port, warmUpLines: cell.rate * warmUpSeconds };
    const clients = new Program(clientRuntime, "client.ts", JSON.stringify(crowd));
    try {
      await clients.told();
      return await writeTo(server, go, clients);
    } finally {
      clients.end();
    }
  } finally {
    server.end();
  }
}

async function writeTo(server: Program, go: Go, clients?: Program): Promise<CellReport> {
  server.tell(go);
  await server.told();
  clients?.tell({ last: go.rate * (go.warmUpSeconds + go.seconds) });
  const seen = await clients?.told<ClientReport>();
  server.tell({});
  const report = await server.told<ServerReport>();
  await server.ended();
  return { ...report, ...seen };
}
