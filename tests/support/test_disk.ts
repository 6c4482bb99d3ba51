import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { FileStore, StoreFile } from "../../src/storage/store.ts";

/** A disk in memory whose bytes a test can look at and spoil, and which fails on demand. */
export interface TestDisk {
  /** The contents, by name. */
  readonly files: Map<string, Uint8Array>;
  /** Bytes that can still be written; beyond them a write is cut short and the next one throws. */
  room: number;
  /** A write takes at most this many bytes. */
  maxWriteBytes: number;
  /** Asked before each fdatasync ends: what it throws, or a promise to wait for. */
  onSync: (name: string) => void | Error | Promise<void | Error>;
  /** What `remove` throws. */
  onRemove: (name: string) => void | Error;
  /** Every fdatasync that began, by file name; the folder's is "". */
  readonly syncs: string[];
  /** The most fdatasync calls that were under way at once. */
  readonly maxSyncsAtOnce: number;
  /** Files that are open. */
  readonly open: number;
  /** The disk as a store, as a process that starts now finds it. */
  store(): FileStore;
  /** Another disk with the same bytes: what a kill at this moment leaves. */
  copy(): TestDisk;
  /** The one file whose name matches. */
  only(pattern: RegExp): string;
  /** The segments, in order of name. */
  readonly segments: string[];
}

/** The error of a full disk. */
export function noSpace(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
}

class Disk implements TestDisk {
  readonly files = new Map<string, Uint8Array>();
  room = Infinity;
  maxWriteBytes = Infinity;
  onSync: TestDisk["onSync"] = () => {};
  onRemove: TestDisk["onRemove"] = () => {};
  readonly syncs: string[] = [];
  maxSyncsAtOnce = 0;
  open = 0;
  #syncing = 0;

  get segments(): string[] {
    return [...this.files.keys()].filter((name) => /^wal-.*\.ndjson$/.test(name)).sort();
  }

  only(pattern: RegExp): string {
    const found = [...this.files.keys()].filter((name) => pattern.test(name));
    if (found.length !== 1) throw new Error(`${found.length} files match ${pattern}`);
    return found[0]!;
  }

  copy(): TestDisk {
    const twin = new Disk();
    for (const [name, bytes] of this.files) twin.files.set(name, bytes.slice());
    return twin;
  }

  async #sync(name: string): Promise<void> {
    this.syncs.push(name);
    this.maxSyncsAtOnce = Math.max(this.maxSyncsAtOnce, ++this.#syncing);
    try {
      const answer = await this.onSync(name);
      if (answer instanceof Error) throw answer;
    } finally {
      this.#syncing--;
    }
  }

  #take(wanted: number): number {
    if (this.room <= 0) throw noSpace();
    const taken = Math.min(wanted, this.room, this.maxWriteBytes);
    this.room -= taken;
    return taken;
  }

  #put(name: string, bytes: Uint8Array, offset: number): void {
    const old = this.files.get(name) ?? new Uint8Array(0);
    const next = new Uint8Array(Math.max(old.length, offset + bytes.length));
    next.set(old);
    next.set(bytes, offset);
    this.files.set(name, next);
  }

  #handle(name: string): StoreFile {
    let size = this.files.get(name)!.length;
    let open = true;
    this.open++;
    const use = (): void => {
      if (!open) throw new Error(`${name} is closed`);
    };
    return {
      name,
      get size() {
        return size;
      },
      writeSync: (bytes) => {
        use();
        const taken = this.#take(bytes.length);
        this.#put(name, bytes.subarray(0, taken), size);
        size += taken;
        return taken;
      },
      writeAtSync: (bytes, offset) => {
        use();
        for (let done = 0; done < bytes.length;) {
          const taken = this.#take(bytes.length - done);
          this.#put(name, bytes.subarray(done, done + taken), offset + done);
          done += taken;
        }
      },
      read: async (into, offset) => {
        use();
        await undefined;
        const bytes = this.files.get(name)?.subarray(offset, offset + into.length);
        into.set(bytes ?? []);
        return bytes?.length ?? 0;
      },
      sync: async () => {
        use();
        await this.#sync(name);
      },
      truncate: (to) => {
        use();
        this.files.set(name, this.files.get(name)!.slice(0, to));
        size = to;
        return Promise.resolve();
      },
      close: () => {
        if (open) this.open--;
        open = false;
      },
    };
  }

  store(): FileStore {
    return {
      label: "test disk",
      keeps: "disk",
      boot: "this one",
      open: () => Promise.resolve(),
      isHeld: () => true,
      list: () =>
        Promise.resolve([...this.files].map(([name, { length }]) => ({ name, size: length }))),
      createSync: (name) => {
        if (this.files.has(name)) throw new Error(`${name} exists`);
        this.files.set(name, new Uint8Array(0));
        return this.#handle(name);
      },
      openFile: (name) => {
        if (this.files.has(name)) return Promise.resolve(this.#handle(name));
        return Promise.reject(new Error(`${name} is missing`));
      },
      rename: (from, to) => {
        this.files.set(to, this.files.get(from)!);
        this.files.delete(from);
        return Promise.resolve();
      },
      remove: (name) => {
        const answer = this.onRemove(name);
        if (answer instanceof Error) return Promise.reject(answer);
        return this.files.delete(name)
          ? Promise.resolve()
          : Promise.reject(new Error(`${name} is missing`));
      },
      syncFolder: () => this.#sync(""),
      crc32: (bytes) => crc32(bytes),
      onExit: () => () => {},
      inner: () => new Disk().store(),
      close: () => Promise.resolve(),
    };
  }
}

/** Makes an empty disk. */
export function testDisk(): TestDisk {
  return new Disk();
}

/** Tells two contents apart in one short string. */
export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
