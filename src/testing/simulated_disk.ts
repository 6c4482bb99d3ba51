/**
 * A disk in memory that fails as disks do, and is the same for the same seed.
 *
 * @module
 */
import type { FileStore } from "../storage/store.ts";
import { seededRandom } from "./random.ts";
import { type DiskCall, type DiskFault, FaultList } from "./simulated_disk_faults.ts";
import type { CrashKind, SimulatedDisk, SimulatedDiskOptions } from "./simulated_disk_face.ts";
import { SimulatedFile } from "./simulated_disk_file.ts";
import { SimulatedFolder } from "./simulated_disk_folder.ts";
import { PowerCut, type PowerCutManner } from "./simulated_disk_power.ts";
import { SimulatedProcess } from "./simulated_disk_process.ts";
import { storeOf } from "./simulated_disk_store.ts";

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
