import type { FileStore } from "../storage/store.ts";
import type { DiskFault } from "./simulated_disk_faults.ts";
import type { PowerCutManner } from "./simulated_disk_power.ts";

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
