/** A call of a store, by what it does. `write` stands for both kinds of writing. */
export type DiskCall =
  | "open"
  | "close"
  | "list"
  | "create"
  | "open-file"
  | "rename"
  | "remove"
  | "sync-folder"
  | "write"
  | "reserve"
  | "read"
  | "sync"
  | "truncate";

/** What a disk does wrong, and how often. */
export interface DiskFault {
  /** The kind of call that goes wrong. */
  readonly on: DiskCall;
  /**
   * The code of the error (`"EIO"`, `"ENOSPC"`, ...). `"lie"`: the call reports success and does nothing;
   * for `sync` and `sync-folder` only.
   */
  readonly error: string;
  /** How many calls go wrong; `Infinity` until it is withdrawn. @default {1} */
  readonly times?: number;
  /** How many calls go well before the first that does not. @default {0} */
  readonly after?: number;
  /** Only calls on files whose names match. @default {all} */
  readonly file?: RegExp;
}

/** The calls that change what is on the disk, between which a crash makes a difference. */
const CHANGING: ReadonlySet<DiskCall> = new Set<DiskCall>([
  "create",
  "rename",
  "remove",
  "sync-folder",
  "write",
  "reserve",
  "sync",
  "truncate",
]);

/** Whether a call changes what is on the disk. */
export function isChange(call: DiskCall): boolean {
  return CHANGING.has(call);
}

/** An error as a system call gives it. */
export function systemError(code: string, call: DiskCall, name: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${call} "${name}"`), { code });
}

/** The faults that a disk has now. */
export class FaultList {
  readonly #faults = new Set<{ readonly fault: DiskFault; calls: number }>();

  /** Adds a fault; the answer withdraws it. */
  add(fault: DiskFault): () => void {
    if (fault.error === "lie" && fault.on !== "sync" && fault.on !== "sync-folder") {
      throw new RangeError(
        `Cannot make "${fault.on}" lie: only "sync" and "sync-folder" can; give an error code`,
      );
    }
    const entry = { fault, calls: 0 };
    this.#faults.add(entry);
    return () => this.#faults.delete(entry);
  }

  /** Withdraws all. */
  clear(): void {
    this.#faults.clear();
  }

  /** What this call meets: the error's code, "lie", or nothing. */
  meet(call: DiskCall, name: string): string | undefined {
    for (const entry of this.#faults) {
      const { on, file, error, after = 0, times = 1 } = entry.fault;
      if (on !== call || (file !== undefined && !file.test(name))) continue;
      const nth = entry.calls++;
      if (nth >= after && nth < after + times) return error;
    }
    return undefined;
  }
}
