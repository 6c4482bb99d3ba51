/** Makes system calls of another process fail, with strace. Needs Linux and root. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fault that is in force in another process. */
export interface Fault extends AsyncDisposable {
  /** Takes it away. */
  end(): Promise<void>;
  /** How often a system call of this name was made on a file while it was in force. Ask after `end`. */
  count(call: string, path: string): number;
}

/** Which calls fail, and how. */
export interface FaultOptions {
  /** The system call, such as `fdatasync`. */
  readonly call: string;
  /** The error that it ends with; nothing of the call is done. */
  readonly error: "EIO" | "ENOSPC";
  /** Only calls on this file. */
  readonly path?: string;
  /** Only the first such call of each thread. */
  readonly once?: boolean;
}

/** Makes system calls of a running process fail from now on. */
export async function injectFault(pid: number, options: FaultOptions): Promise<Fault> {
  const { call, error, path, once: isOnce = false } = options;
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-strace-"));
  const log = join(folder, "calls");
  const tracer = spawn("strace", [
    ...["-f", "-y", "-o", log, "-p", String(pid), "-e", `trace=${call}`],
    ...["-e", `inject=${call}:error=${error}${isOnce ? ":when=1" : ""}`],
    ...(path === undefined ? [] : ["-P", path]),
  ], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(tracer, "close");
  let calls: string | undefined;
  const end = async (): Promise<void> => {
    // strace takes this as the order to leave the process alone.
    tracer.kill("SIGTERM");
    await ended.catch(() => {});
    calls ??= fs.existsSync(log) ? fs.readFileSync(log, "utf8") : "";
    fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    await attached(tracer.stderr, ended);
  } catch (why) {
    await end();
    throw why;
  }
  return {
    end,
    count: (name, file) =>
      calls!.split("\n").filter((line) => line.includes(` ${name}(`) && line.includes(`<${file}>`))
        .length,
    [Symbol.asyncDispose]: end,
  };
}

/** Resolves when strace says that it holds the process. */
async function attached(
  stderr: NodeJS.ReadableStream,
  ended: Promise<unknown>,
): Promise<void> {
  let text = "";
  const holds = new Promise<void>((resolve) => {
    stderr.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (/attached/.test(text)) resolve();
    });
  });
  const gone = ended.then(() => {
    throw new Error(`strace cannot hold the process: ${text.trim()}`);
  }, (error) => {
    throw error.code !== "ENOENT" ? error : new Error(
      "strace is missing, with which this test makes system calls fail: install it, " +
        "on Debian with `apt-get install -y strace`",
    );
  });
  await Promise.race([holds, gone]);
}
