/** A server with a tail in a process of its own, on the runtime that is asked for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findProgram } from "./chromium.ts";

/** A runtime that can serve the page. */
export type Runtime = "deno" | "bun" | "node";

/** What the server is started with. */
export interface TailServerOptions {
  /** Node unless given. */
  readonly runtime?: Runtime;
  /** Bytes of the ring. */
  readonly maxBytes?: number;
  readonly run?: string;
  /** The port; a free one unless given. */
  readonly port?: number;
}

/** What the server understands on its standard input, one JSON object a line. */
export type Command =
  /** Lines as they are, written to the tail. */
  | { readonly do: "write"; readonly lines: readonly string[] }
  /** Numbered records, `record <n>`, from one number to another. */
  | { readonly do: "fill"; readonly from: number; readonly to: number }
  /** So many sequence numbers are left out, as if the log had lost them. */
  | { readonly do: "skip"; readonly count: number }
  /** What `/logs/stats` answers from now on; until then there is nothing there. */
  | { readonly do: "stats"; readonly stats: unknown };

/** A running server. */
export interface TailServer extends AsyncDisposable {
  /** The address of the page. */
  readonly url: string;
  readonly port: number;
  /** Resolves when the server has done it. */
  tell(command: Command): Promise<void>;
  close(): Promise<void>;
}

/** The runtimes that are here; the page is tested against each. */
export const RUNTIMES: readonly Runtime[] = (["node", "deno", "bun"] as const)
  .filter((runtime) => programOf(runtime) !== undefined);

function programOf(runtime: Runtime): readonly string[] | undefined {
  if (runtime === "node") return [process.execPath];
  const path = findProgram(runtime);
  if (path === undefined) return undefined;
  return runtime === "deno" ? [path, "run", "-A", "--no-lock", "--no-check"] : [path];
}

/** Starts a server on a free port of this machine. */
export async function startServer(options: TailServerOptions = {}): Promise<TailServer> {
  const { runtime = "node", ...rest } = options;
  const [program, ...args] = programOf(runtime) ?? [];
  if (program === undefined) throw new Error(`${runtime} is not on the PATH`);
  const script = fileURLToPath(new URL("tail_server_child.ts", import.meta.url));
  const child = spawn(program, [...args, script, JSON.stringify(rest)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, "close");
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The server on ${runtime} has ended`);
    return JSON.parse(value) as { port: number };
  };
  const { port } = await next();
  // One command after another, so that answers need no numbers.
  let last: Promise<unknown> = Promise.resolve();
  const tell = (command: Command): Promise<void> => {
    const turn = last.then(async () => {
      child.stdin.write(JSON.stringify(command) + "\n");
      await next();
    });
    last = turn;
    return turn;
  };
  const close = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return {
    url: `http://127.0.0.1:${port}/logs`,
    port,
    tell,
    close,
    [Symbol.asyncDispose]: close,
  };
}
