/** What a test of the real system needs, and the one line that says so where it is not to be had. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** `signals`: POSIX ones. `mount`: to mount folders. `trace`: to hold system calls of other processes. */
export type Need = "signals" | "mount" | "trace";

/** The number of the capability CAP_SYS_PTRACE. */
const CAP_SYS_PTRACE = 19n;

const isLinux = platform() === "linux";
const isRoot = process.getuid?.() === 0;

const REASONS: Readonly<Record<Need, () => string | undefined>> = {
  signals: () => platform() === "win32" ? "Windows has no SIGSTOP and SIGKILL" : undefined,
  mount: () => {
    if (!isLinux || !isRoot) return "mounting needs Linux and root";
    return mounts() ? undefined : "this system does not let root mount";
  },
  // Whether strace is there is not asked: on Linux as root it must be.
  trace: () => {
    if (!isLinux || !isRoot) return "holding system calls needs Linux and root";
    return hasCapability(CAP_SYS_PTRACE) ? undefined : "this system does not let root trace";
  },
};

/**
 * The options of a test that needs something real. Where it is missing the runner counts the test as
 * skipped, and one line says why.
 */
export function needs(
  what: string,
  ...needed: readonly Need[]
): { skip: boolean; timeout: number } {
  const reason = needed.map((need) => REASONS[need]()).find((why) => why !== undefined);
  if (reason !== undefined) console.log(`Not run: ${what}: ${reason}`);
  return { skip: reason !== undefined, timeout: 60_000 };
}

let canMount: boolean | undefined;

/** Asked by doing it: a container may refuse what its root seems to be allowed. */
function mounts(): boolean {
  canMount ??= tryMount();
  return canMount;
}

function tryMount(): boolean {
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-mount-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "tmpfs", folder]).status === 0;
  if (isMounted) spawnSync("umount", [folder]);
  fs.rmdirSync(folder);
  return isMounted;
}

function hasCapability(bit: bigint): boolean {
  const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(fs.readFileSync("/proc/self/status", "utf8"))!;
  return (BigInt(`0x${mask}`) >> bit & 1n) === 1n;
}
