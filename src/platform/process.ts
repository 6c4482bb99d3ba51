/**
 * What the running process is, and how it is told from others.
 *
 * @module
 */
import * as fs from "node:fs";
import { hostname } from "node:os";
import process from "node:process";

/** What tells a process from every other, over restarts of container and machine. */
export interface ProcessIdentity {
  /** The host's name. */
  readonly host: string;
  /** The kernel's id of this boot; empty where there is none. */
  readonly boot: string;
  /** The process id; reused by the system, and the same in every start of a container. */
  readonly pid: number;
  /** When the process started, in clock ticks since boot; empty where unknown. */
  readonly started: string;
}

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  return { host: hostname(), boot: bootId(), pid: process.pid, started: startTicks(process.pid) };
}

/**
 * Whether the process of this identity still runs. One on another host counts as running: it cannot be
 * asked.
 */
export function isRunning(other: ProcessIdentity): boolean {
  if (other.host !== hostname()) return true;
  if (other.boot !== bootId()) return false;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    // Another user's process may not be asked, which says that it is there.
    if ((error as { code?: string }).code !== "EPERM") return false;
  }
  return other.started === startTicks(other.pid);
}

function bootId(): string {
  return readOrEmpty("/proc/sys/kernel/random/boot_id").trim();
}

/**
 * When a process started. Empty where the system does not tell, and for one that has ended but still
 * has its number because nobody has asked how (a zombie, common in containers without an init).
 */
function startTicks(pid: number): string {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // Counted after the command, which stands in parentheses and may hold spaces: state, then field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? "" : fields[19] ?? "";
}

function readOrEmpty(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
