/**
 * A disk in memory that fails as disks do, and is the same for the same seed.
 *
 * @module
 */
import type { FileStore } from "../storage/store.ts";
import { seededRandom } from "./random.ts";
import { type DiskCall, type DiskFault, FaultList } from "./simulated_disk_faults.ts";
import { SimulatedFile } from "./simulated_disk_file.ts";
import { SimulatedFolder } from "./simulated_disk_folder.ts";
import { PowerCut, type PowerCutManner } from "./simulated_disk_power.ts";
import { SimulatedProcess } from "./simulated_disk_process.ts";
import { storeOf } from "./simulated_disk_store.ts";

/** How a simulated disk behaves. Without any of these it lies about nothing and never fails. */
export interface SimulatedDiskOptions {
  /** Everything that is left to chance follows from this whole number. */
  readonly seed: number;
  /** What the disk writes as one; a power cut decides about each of them. @default {512} */
  readonly sectorBytes?: number;
  /** The share of writes that take only some of the bytes, 0 to 1. @default {0} */
  readonly shortWrites?: number;
  /** Bytes that all files together may have. @default {Infinity} */
  readonly capacityBytes?: number;
  /**
   * When a full disk is noticed: `write` refuses at the very byte; `sync` accepts everything and fails
   * when it is to be made durable (delayed allocation).
   *
   * @default {"write"}
   */
  readonly fullAt?: "write" | "sync";
}

/**
 * How a process ends. `kill`: the page cache stays, so that everything written is there for the next
 * process, synced or not. `power`: what was not synced is lost, survives or is torn, as the seed says.
 */
export type CrashKind = "kill" | "power";

/** A disk of one flat folder (and folders inside it, which {@linkcode FileStore.inner} makes). */
export interface SimulatedDisk {
  /** The seed that it was made with. */
  readonly seed: number;
  /**
   * Calls so far that change the disk, of all processes; one that takes a while counts twice, where it
   * begins and where it ends. Reading changes nothing and does not count.
   */
  readonly calls: number;
  /** Crashes and exits so far. */
  readonly crashes: number;
  /** Bytes that all files have, reserved ones included. */
  readonly usedBytes: number;
  /** Bytes that all files together may have; can be changed at any time. */
  capacityBytes: number;
  /** When a full disk is noticed; can be changed at any time. */
  fullAt: "write" | "sync";
  /** The share of writes that take only some of the bytes; can be changed at any time. */
  shortWrites: number;
  /**
   * The disk as a process that starts now finds it. To open the store takes its lock: an earlier process
   * that still lives no longer holds it, as if it had been taken for dead while it slept.
   */
  store(): FileStore;
  /**
   * Ends all processes at once: calls under way never end, later ones throw or never end, and nothing of
   * them reaches the disk.
   *
   * @param manner What a power cut does to what was not synced @default {as the seed says}
   */
  crash(kind: CrashKind, manner?: PowerCutManner): void;
  /**
   * Crashes right before the call of this number (see {@linkcode SimulatedDisk.calls}; 1 is the first
   * one), or not at all if there are fewer. Run a scenario once to count its calls, and then once for each
   * of them, and it has been cut at every place that makes a difference.
   */
  crashAt(call: number, kind: CrashKind, manner?: PowerCutManner): void;
  /**
   * Runs `work` to its end or to the next crash, whichever comes first.
   *
   * @returns What the work gives; undefined if the disk crashed, whatever became of the work
   */
  untilCrash<T>(work: () => Promise<T>): Promise<T | undefined>;
  /** Lets the processes end of themselves: they spill what they hold (`onExit`) and are gone. */
  exit(): void;
  /**
   * Makes calls go wrong; the answer withdraws it. After a failed sync the bytes are as on Linux: they can
   * still be read, count as clean, a later sync reports success without them, and at the next power cut
   * they are gone (some may have arrived).
   *
   * @throws {RangeError} If a call is to lie that cannot
   */
  inject(fault: DiskFault): () => void;
  /**
   * Memory runs short: of clean pages the page cache keeps nothing. After a failed sync, or one that
   * lied, files then read as they are on the disk, though nobody crashed.
   */
  evict(): void;
  /** Withdraws all faults, and gives room without end. */
  heal(): void;
  /** The last 200 calls that were counted, and the crashes among them, for a failing test to show. */
  history(): string[];
  /** Names of the files as processes see them, sorted; those in inner folders as `folder/name`. */
  names(): string[];
  /** A copy of a file's bytes as processes see them. */
  bytes(name: string): Uint8Array;
  /** A copy of what of a file is surely on the disk: the least that a power cut leaves. */
  durableBytes(name: string): Uint8Array;
  /** Flips one bit of a file where it lies. @param bit 0 to 7; 0 is the lowest @default {0} */
  flipBit(name: string, offset: number, bit?: number): void;
  /** Puts a file there, durable at once, in place of one that has the name. */
  put(name: string, bytes: Uint8Array): void;
  /** Removes a file, durable at once. */
  drop(name: string): void;
}

/** Calls that are remembered. */
const HISTORY_CALLS = 200;
/** Bytes of removed files that are kept, to show up where they should not. */
const STALE_BYTES = 65_536;

/**
 * Makes a simulated disk: a page cache and a disk behind it, in memory. Each `store()` is a new process on
 * it. What the next process finds after a crash is what was synced, and of the rest what the seed leaves.
 * All that takes time ends within turns of the promise queue, in an order that the seed decides: the same
 * seed and the same calls give the same disk on every runtime.
 *
 * It assumes of disks what a log has to assume: a byte that was synced and is not written again stays,
 * even if its sector is. Names become durable by `syncFolder` alone.
 *
 * @throws {RangeError} If an option is out of its range
 *
 * @example
 * ```ts
 * import { openWal } from "@logflume/logflume";
 * import { simulatedDisk } from "@logflume/logflume/testing";
 *
 * const disk = simulatedDisk({ seed: 42 });
 * const wal = await openWal(disk.store());
 * wal.stage('{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"kept"}\n');
 * await wal.sync();
 * wal.stage('{"time":"2026-01-01T00:00:00.001Z","level":"info","msg":"perhaps"}\n');
 * wal.flushSync();
 * disk.crash("power");
 *
 * const next = await openWal(disk.store());
 * console.assert(next.nextSeq >= 2);
 * ```
 */
export function simulatedDisk(options: SimulatedDiskOptions): SimulatedDisk {
  return new Disk(options);
}

interface PlannedCrash {
  readonly call: number;
  readonly kind: CrashKind;
  readonly manner: PowerCutManner | undefined;
}

class Disk implements SimulatedDisk {
  readonly seed: number;
  readonly random: ReturnType<typeof seededRandom>;
  readonly faults: FaultList = new FaultList();
  readonly #sectorBytes: number;
  readonly #root = new SimulatedFolder();
  #processes: SimulatedProcess[] = [];
  #holder: SimulatedProcess | undefined;
  #stale: Uint8Array = new Uint8Array(0);
  readonly #history: string[] = [];
  #planned: PlannedCrash | undefined;
  #crashed = Promise.withResolvers<undefined>();
  #powerCuts = 0;
  calls = 0;
  crashes = 0;
  capacityBytes: number;
  fullAt: "write" | "sync";
  shortWrites: number;

  constructor(options: SimulatedDiskOptions) {
    const { seed, sectorBytes = 512, shortWrites = 0, capacityBytes = Infinity } = options;
    if (!(Number.isInteger(sectorBytes) && sectorBytes > 0)) {
      throw new RangeError(
        `Cannot use sectors of ${sectorBytes} bytes: give a whole number above 0`,
      );
    }
    this.seed = seed;
    this.random = seededRandom(seed);
    this.#sectorBytes = sectorBytes;
    this.shortWrites = shortWrites;
    this.capacityBytes = capacityBytes;
    this.fullAt = options.fullAt ?? "write";
  }

  get boot(): string {
    return `boot ${this.#powerCuts + 1}`;
  }

  store(): FileStore {
    const owner = new SimulatedProcess(this);
    this.#processes.push(owner);
    return storeOf(this, owner, this.#root, "simulated disk");
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const [, file] of files(this.#root)) bytes += file.size;
    return bytes;
  }

  history(): string[] {
    return this.#history.slice(-HISTORY_CALLS);
  }

  #note(event: string): void {
    this.#history.push(event);
    if (this.#history.length > 2 * HISTORY_CALLS) this.#history.splice(0, HISTORY_CALLS);
  }

  crash(kind: CrashKind, manner?: PowerCutManner): void {
    this.#note(`crash: ${kind} ${manner ?? ""}`);
    this.#endProcesses();
    if (kind === "power") {
      this.#powerCuts++;
      this.#root.cutPower(new PowerCut(this.random.fork(), manner, this.#stale));
    }
  }

  crashAt(call: number, kind: CrashKind, manner?: PowerCutManner): void {
    this.#planned = { call, kind, manner };
  }

  async untilCrash<T>(work: () => Promise<T>): Promise<T | undefined> {
    const crashed = this.#crashed;
    const ended = work().catch((error) => {
      // What the work says once its process is dead is nobody's business.
      if (crashed === this.#crashed) throw error;
      return undefined;
    });
    const result = await Promise.race([ended, crashed.promise]);
    return crashed === this.#crashed ? result : undefined;
  }

  exit(): void {
    for (const owner of this.#processes) for (const spill of owner.spills) spill();
    this.#endProcesses();
  }

  #endProcesses(): void {
    this.crashes++;
    for (const owner of this.#processes) owner.isDead = true;
    this.#processes = [];
    this.#root.abandonSyncs();
    this.#holder = undefined;
    this.#planned = undefined;
    const crashed = this.#crashed;
    this.#crashed = Promise.withResolvers();
    crashed.resolve(undefined);
  }

  beforeChange(call: DiskCall, name: string, part: () => void): void {
    this.#note(`${++this.calls} ${call} ${name}`);
    const planned = this.#planned;
    if (planned === undefined || this.calls < planned.call) return;
    if (this.random.chance(0.5)) part();
    this.crash(planned.kind, planned.manner);
  }

  inject(fault: DiskFault): () => void {
    return this.faults.add(fault);
  }

  evict(): void {
    for (const [, file] of files(this.#root)) file.evict();
  }

  heal(): void {
    this.faults.clear();
    this.capacityBytes = Infinity;
  }

  names(): string[] {
    return [...files(this.#root)].map(([name]) => name).sort();
  }

  bytes(name: string): Uint8Array {
    return this.#find(name).seen();
  }

  durableBytes(name: string): Uint8Array {
    return this.#find(name).durable();
  }

  flipBit(name: string, offset: number, bit = 0): void {
    const file = this.#find(name);
    if (!(offset >= 0 && offset < file.size)) {
      throw new RangeError(`Cannot flip a bit at ${offset}: "${name}" has ${file.size} bytes`);
    }
    file.flip(offset, bit);
  }

  put(name: string, bytes: Uint8Array): void {
    const file = this.newFile();
    file.write(bytes, 0);
    file.settle();
    const [folder, last] = this.#place(name);
    folder.link(last, file);
    folder.settle();
  }

  drop(name: string): void {
    this.#find(name);
    const [folder, last] = this.#place(name);
    folder.unlink(last);
    folder.settle();
  }

  #find(name: string): SimulatedFile {
    const [folder, last] = this.#place(name);
    const file = folder.files.get(last);
    if (file === undefined) {
      throw new RangeError(`No file "${name}" on the simulated disk: it has ${this.names()}`);
    }
    return file;
  }

  #place(name: string): [SimulatedFolder, string] {
    const parts = name.split("/");
    const last = parts.pop()!;
    let folder = this.#root;
    for (const part of parts) {
      const inside = folder.folders.get(part) ?? new SimulatedFolder();
      folder.folders.set(part, inside);
      folder = inside;
    }
    return [folder, last];
  }

  newFile(): SimulatedFile {
    return new SimulatedFile(this.#sectorBytes);
  }

  grant(bytes: number, growth: number, mayBeShort: boolean): number {
    let taken = bytes;
    if (mayBeShort && bytes > 1 && this.random.chance(this.shortWrites)) {
      taken = 1 + this.random.below(bytes - 1);
    }
    const isUnbounded = this.fullAt === "sync" || this.capacityBytes === Infinity;
    if (isUnbounded || growth === 0) return taken;
    const free = this.capacityBytes - this.usedBytes;
    const fits = Math.min(taken, bytes - growth + Math.max(0, free));
    if (fits <= 0) throw noSpace();
    return fits;
  }

  syncFault(): string | undefined {
    return this.fullAt === "sync" && this.usedBytes > this.capacityBytes ? "ENOSPC" : undefined;
  }

  lock(owner: SimulatedProcess): void {
    this.#holder = owner;
  }

  isHeld(owner: SimulatedProcess): boolean {
    return this.#holder === owner;
  }

  unlock(owner: SimulatedProcess): void {
    if (this.#holder === owner) this.#holder = undefined;
  }

  removed(file: SimulatedFile): void {
    const bytes = file.seen().subarray(-STALE_BYTES);
    const kept = Math.min(this.#stale.length, STALE_BYTES - bytes.length);
    const both = new Uint8Array(kept + bytes.length);
    both.set(this.#stale.subarray(this.#stale.length - kept));
    both.set(bytes, kept);
    this.#stale = both;
  }
}

function noSpace(): Error {
  return Object.assign(new Error("ENOSPC: simulated, no room left"), { code: "ENOSPC" });
}

function* files(
  folder: SimulatedFolder,
  prefix = "",
): Generator<[name: string, file: SimulatedFile]> {
  for (const [name, file] of folder.files) yield [prefix + name, file];
  for (const [name, inside] of folder.folders) yield* files(inside, `${prefix}${name}/`);
}
