/** A server with a tail in a process of its own, on the runtime that is asked for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TailTrafficStats } from "../../../src/tail/http/routes.ts";
import type { TailLimits } from "../../../src/tail/limits.ts";
import { findProgram } from "./chromium.ts";

/** A runtime that can serve the page. */
export type Runtime = "deno" | "bun" | "node";

/** How the server differs from the plain one. */
export interface ServedOptions {
  /** Bytes of the ring. */
  readonly maxBytes?: number;
  readonly run?: string;
  /** The port; a free one unless given. */
  readonly port?: number;
  /** The folder of a write-ahead log; without it the tail is all there is. */
  readonly wal?: string;
  /** The token of readers. */
  readonly auth?: string;
  /** The value of the cookie `session` that readers need. */
  readonly cookie?: string;
  readonly maxClients?: number;
  readonly limits?: Partial<TailLimits>;
  /** Whether it stands under `/admin`, behind the middleware of Hono that people use. */
  readonly behindMiddleware?: boolean;
}

/** What the server is started with. */
export interface TailServerOptions extends ServedOptions {
  /** Node unless given. */
  readonly runtime?: Runtime;
}

/** What the server understands on its standard input, one JSON object a line. */
export type Command =
  /** Lines as they are, written to the tail. */
  | { readonly do: "write"; readonly lines: readonly string[] }
  /** Numbered records, `record <n>`, from one number to another. */
  | { readonly do: "fill"; readonly from: number; readonly to: number }
  /** The same in the background, so many a second. */
  | {
    readonly do: "flow";
    readonly from: number;
    readonly to: number;
    readonly perSecond: number;
  }
  /** One record whose message has so many characters. */
  | { readonly do: "long"; readonly chars: number }
  /** So many records that have so many fields each, and no name of a field twice. */
  | { readonly do: "fields"; readonly records: number; readonly each: number }
  /** So many sequence numbers are left out, as if the log had lost them. */
  | { readonly do: "skip"; readonly count: number }
  /** What `/logs/stats` answers from now on; until then there is nothing there. */
  | { readonly do: "stats"; readonly stats: unknown }
  /** Whoever asks for `/hold` gets no answer before this. */
  | { readonly do: "release" }
  /** Changes nothing: the answer tells how the server stands. */
  | { readonly do: "look" };

/** How the server stands, told after each command. */
export interface ServerState {
  readonly rss: number;
  readonly traffic: TailTrafficStats;
  /** The last sequence number there is. */
  readonly last: number;
}

/** A running server. */
export interface TailServer extends AsyncDisposable {
  /** The address of the page. */
  readonly url: string;
  readonly port: number;
  /** Resolves when the server has done it. */
  tell(command: Command): Promise<ServerState>;
  /** Kills it. */
  close(): Promise<void>;
}

/** The runtimes that are here; the page is tested against each. */
export const RUNTIMES: readonly Runtime[] = (["node", "deno", "bun"] as const)
  .filter((runtime) => programOf(runtime) !== undefined);

function programOf(runtime: Runtime): readonly string[] | undefined {
  if (runtime === "node") return [process.execPath];
  const path = findProgram(runtime);
  if (path === undefined) return undefined;
  return runtime === "deno" ? [path, "run", "-A", "--quiet", "--no-lock", "--no-check"] : [path];
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
  const next = async <Answer>(): Promise<Answer> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The server on ${runtime} has ended`);
    return JSON.parse(value) as Answer;
  };
  const { port } = await next<{ port: number }>();
  // One command after another, so that answers need no numbers.
  let last: Promise<unknown> = Promise.resolve();
  const tell = (command: Command): Promise<ServerState> => {
    const turn = last.then(() => {
      child.stdin.write(JSON.stringify(command) + "\n");
      return next<ServerState>();
    });
    last = turn;
    return turn;
  };
  const close = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const path = options.behindMiddleware ? "/admin/logs" : "/logs";
  return {
    url: `http://127.0.0.1:${port}${path}`,
    port,
    tell,
    close,
    [Symbol.asyncDispose]: close,
  };
}
