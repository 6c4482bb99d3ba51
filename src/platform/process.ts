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

/**
 * The identity of this process.
 *
 * @throws {Error} If Deno was not given the permission to tell the host's name
 */
export function thisProcess(): ProcessIdentity {
  return {
    host: hostName(),
    boot: bootId(),
    pid: process.pid,
    started: stateOf(process.pid).started,
  };
}

/**
 * Whether the process of this identity still runs, as far as it can be told: one on another host, or one
 * that we may not ask about, counts as running.
 */
export function isRunning(other: ProcessIdentity): boolean {
  if (other.host !== hostName()) return true;
  if (differ(other.boot, bootId())) return false;
  const { ended, started } = stateOf(other.pid);
  return !ended && !differ(other.started, started) && answers(other.pid);
}

/** Whether both are known and not the same: what is not known proves nothing. */
function differ(a: string, b: string): boolean {
  return a !== "" && b !== "" && a !== b;
}

/** False only if the system says that there is no such process; Deno may not let us ask. */
function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

function hostName(): string {
  try {
    return hostname();
  } catch (error) {
    throw new Error(
      "Cannot tell this host's name, which a lock needs: run Deno with --allow-sys=hostname",
      { cause: error },
    );
  }
}

/** The kernel's id of this boot; empty where there is none, or we may not ask. */
export function bootId(): string {
  return readOrEmpty("/proc/sys/kernel/random/boot_id").trim();
}

/**
 * When a process started; empty where the system does not tell. One that has ended may keep its number
 * because nobody has asked how it ended (a zombie, common in containers without an init).
 */
function stateOf(pid: number): { readonly ended: boolean; readonly started: string } {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // Counted after the command, which stands in parentheses and may hold spaces: state, then field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { ended: fields[0] === "Z" || fields[0] === "X", started: fields[19] ?? "" };
}

function readOrEmpty(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
