import type { Clock } from "../clock.ts";
import { messageOf, StoreLockedError } from "../errors.ts";
import {
  codeOf,
  createTextSync,
  factsOf,
  type FileFacts,
  joinPath,
  linkSync,
  overwriteTextSync,
  readTextSync,
  removeSync,
  renameSync,
} from "../platform/fs.ts";
import { hasKernelLock, takeKernelLock } from "../platform/kernel_lock.ts";
import { isRunning, type ProcessIdentity, thisProcess } from "../platform/process.ts";
import { beat, isBeating } from "./heartbeat.ts";

interface Owner extends ProcessIdentity {
  /** Random: tells this lock from every other. */
  readonly token: string;
  /** Whether the owner holds the kernel's lock of the file as well. */
  readonly kernel: boolean;
}

/** A folder's lock while it is ours. */
export interface FolderLock {
  /** Whether the file still names us: somebody may have removed it, or taken it over a network. */
  isHeld(): boolean;
  /** Gives it back. */
  release(): void;
}

/** So long it is enough that the file is the one that was read. */
const TRUST_FACTS_MS = 100;
/** Tokens of the locks that this thread holds. */
const held = new Set<string>();
/** Tokens of the locks that this thread gave back and whose file it could not remove. */
const left = new Set<string>();

/**
 * Takes the lock of a folder for this process: a file `LOCK` that names its owner by host, boot, pid,
 * start time and a random token, and counts only while all of them match a running process, so that a
 * container that starts again with the same pid is not locked out by its own past. On Deno the kernel's
 * lock of the file decides between Deno processes, whatever their permissions. A process of another host
 * cannot be asked; its lock is watched for up to 20 seconds, since whoever holds a lock touches it every
 * five: a container that comes back under another name takes over what its killed predecessor held.
 *
 * @throws {StoreLockedError} If a running process holds it
 * @throws {Error} If the lock cannot be written: the folder is read-only, the disk is full
 */
export async function lockFolder(folder: string, clock: Clock): Promise<FolderLock> {
  try {
    return await takeLock(folder, clock);
  } catch (error) {
    throw error instanceof StoreLockedError ? error : notLocked(folder, error);
  }
}

async function takeLock(folder: string, clock: Clock): Promise<FolderLock> {
  const path = joinPath(folder, "LOCK");
  const token = crypto.randomUUID();
  const owner: Owner = { ...thisProcess(), token, kernel: hasKernelLock() };
  const text = JSON.stringify(owner) + "\n";
  // A stale lock may be taken by another process between our look and our move: then look again.
  for (let attempt = 0; attempt < 10; attempt++) {
    if (createLock(path, text, token)) {
      const lock = confirm(path, text, token, clock);
      if (lock !== undefined) return lock;
      continue;
    }
    const found = readTextSync(path);
    if (found === undefined) continue;
    if (isHeld(path, found) && (isNear(found) || await isBeating(path, clock))) {
      throw lockedError(folder, readTextSync(path) ?? found);
    }
    setAside(path, found, token);
  }
  throw new StoreLockedError(
    `Cannot lock "${folder}": other processes keep taking the lock; give each its own folder`,
  );
}

/**
 * Creates the file; false if there is one. A disk without room for even so little still lets the file of
 * the last lock be written over: a full disk must not keep a log from being read.
 */
function createLock(path: string, text: string, token: string): boolean {
  try {
    return createTextSync(path, text);
  } catch (error) {
    const own = `${path}.${token}`;
    if (!isOutOfRoom(error) || !renameSync(spare(path), own)) throw error;
    overwriteTextSync(own, text);
    const isCreated = linkSync(own, path);
    removeSync(own);
    return isCreated;
  }
}

/** Where the file of a lock waits that was given back. */
function spare(path: string): string {
  return `${path}.spare`;
}

function isOutOfRoom(error: unknown): boolean {
  return codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT";
}

/**
 * Makes sure of a lock that was just written: who sees the file between its creation and its text takes
 * it for the rest of a dead process and moves it away. Undefined if that has happened.
 */
function confirm(
  path: string,
  text: string,
  token: string,
  clock: Clock,
): FolderLock | undefined {
  const unlock = hasKernelLock() ? takeIfThere(path) : () => {};
  if (unlock === undefined || readTextSync(path) !== text) {
    unlock?.();
    return undefined;
  }
  held.add(token);
  const isHeld = (): boolean => readTextSync(path) === text;
  const endBeat = beat(path, isHeld, clock);
  return {
    isHeld: quickly(path, isHeld),
    release() {
      endBeat();
      held.delete(token);
      try {
        if (isHeld()) renameSync(path, spare(path));
      } catch {
        // In a folder that has become read-only it stays; this process may open the folder again.
        left.add(token);
      } finally {
        unlock();
      }
    },
  };
}

/**
 * Asks what takes long only if the file is not the one that it was, or if some time has passed: over a
 * network the facts of a file may be old, and a process that slept cannot have been replaced without it.
 */
function quickly(path: string, isHeld: () => boolean): () => boolean {
  let known: FileFacts | undefined;
  let askedMs = -Infinity;
  return () => {
    const nowMs = Date.now();
    const facts = factsOf(path);
    const isSame = facts !== undefined && facts.inode === known?.inode &&
      facts.modifiedMs === known.modifiedMs && facts.size === known.size;
    if (isSame && Math.abs(nowMs - askedMs) < TRUST_FACTS_MS) return true;
    if (!isHeld()) return false;
    known = facts;
    askedMs = nowMs;
    return true;
  };
}

function takeIfThere(path: string): (() => void) | undefined {
  try {
    return takeKernelLock(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Moves a stale lock away; if another process took it meanwhile, puts that one back. */
function setAside(path: string, stale: string, token: string): void {
  const aside = `${path}.${token}`;
  if (!renameSync(path, aside)) return;
  if (readTextSync(aside) === stale) renameSync(aside, spare(path));
  else renameSync(aside, path);
}

function isHeld(path: string, text: string): boolean {
  const owner = parseOwner(text);
  // An unreadable lock is one whose owner died while writing it.
  if (owner === undefined || left.has(owner.token)) return false;
  const me = thisProcess();
  // Over a network the kernels of two hosts need not know of each other's locks.
  if (owner.kernel && hasKernelLock() && owner.host === me.host) {
    const unlock = takeIfThere(path);
    unlock?.();
    return unlock === undefined;
  }
  // Our own number: a store of this thread, of another thread, or of a process that had the number
  // before, such as the one that a container started last time.
  if (owner.pid === me.pid && owner.host === me.host) {
    if (me.started !== "" && owner.started === me.started) return true;
    return held.has(owner.token);
  }
  return isRunning(owner);
}

/** Whether the owner is a process of this host, which can be asked whether it runs. */
function isNear(text: string): boolean {
  return parseOwner(text)?.host === thisProcess().host;
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value = JSON.parse(text) as Partial<Owner> | null;
    if (typeof value?.pid !== "number" || typeof value.token !== "string") return undefined;
    return { host: "", boot: "", started: "", kernel: false, ...value } as Owner;
  } catch {
    return undefined;
  }
}

function notLocked(folder: string, error: unknown): Error {
  const code = codeOf(error);
  const why = code === "EROFS"
    ? "it is read-only"
    : code === "EACCES" || code === "EPERM"
    ? "permission denied"
    : isOutOfRoom(error)
    ? "no space left for the file LOCK"
    : messageOf(error);
  return new Error(`Cannot lock the folder "${folder}": ${why}; mend this or use another folder`, {
    cause: error,
  });
}

function lockedError(folder: string, text: string): StoreLockedError {
  const { pid, host } = parseOwner(text) ?? { pid: "unknown", host: "an unknown host" };
  return new StoreLockedError(
    `The folder "${folder}" is in use by process ${pid} on ${host}: stop that process or use ` +
      `another folder; if it has ended, remove the file LOCK there`,
  );
}
