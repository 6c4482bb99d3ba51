import { StoreLockedError } from "../errors.ts";
import { createTextSync, joinPath, readTextSync, removeSync, renameSync } from "../platform/fs.ts";
import { isRunning, type ProcessIdentity, thisProcess } from "../platform/process.ts";

interface Owner extends ProcessIdentity {
  readonly token: string;
}

/** Tokens of the locks that this very process holds: a lock with our pid and another token is stale. */
const held = new Set<string>();

/**
 * Takes the lock of a folder for this process: a file `LOCK` that names its owner by host, boot, pid,
 * start time and a random token, and counts only while all of them match a running process, so that a
 * container that starts again with the same pid is not locked out by its own past.
 *
 * @returns A function that gives the lock back
 * @throws {StoreLockedError} If a running process holds it
 */
export function lockFolder(folder: string): () => void {
  const path = joinPath(folder, "LOCK");
  const owner: Owner = { ...thisProcess(), token: crypto.randomUUID() };
  const text = JSON.stringify(owner) + "\n";
  // A stale lock may be taken by another process between our look and our move: then look again.
  for (let attempt = 0; attempt < 10; attempt++) {
    if (createTextSync(path, text)) {
      held.add(owner.token);
      return () => release(path, owner.token);
    }
    const found = readTextSync(path);
    if (found === undefined) continue;
    if (isHeld(found)) throw lockedError(folder, found);
    setAside(path, found, owner.token);
  }
  throw new StoreLockedError(
    `Cannot lock "${folder}": other processes keep taking the lock; give each its own folder`,
  );
}

/** Moves a stale lock away; if another process took it meanwhile, puts that one back. */
function setAside(path: string, stale: string, token: string): void {
  const aside = `${path}.${token}`;
  if (!renameSync(path, aside)) return;
  if (readTextSync(aside) === stale) removeSync(aside);
  else renameSync(aside, path);
}

function release(path: string, token: string): void {
  held.delete(token);
  if (parseOwner(readTextSync(path) ?? "")?.token === token) removeSync(path);
}

function isHeld(text: string): boolean {
  const owner = parseOwner(text);
  // An unreadable lock is one whose owner died while writing it.
  if (owner === undefined) return false;
  const me = thisProcess();
  if (owner.pid === me.pid && owner.host === me.host && owner.started === me.started) {
    return held.has(owner.token);
  }
  return isRunning(owner);
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value = JSON.parse(text) as Partial<Owner> | null;
    if (typeof value?.pid !== "number" || typeof value.token !== "string") return undefined;
    return { host: "", boot: "", started: "", ...value } as Owner;
  } catch {
    return undefined;
  }
}

function lockedError(folder: string, text: string): StoreLockedError {
  const owner = parseOwner(text)!;
  return new StoreLockedError(
    `The folder "${folder}" is in use by process ${owner.pid} on ${owner.host}: ` +
      `stop that process or use another folder`,
  );
}
