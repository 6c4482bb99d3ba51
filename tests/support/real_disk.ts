/** Disks that are really full and folders that are really read-only. Needs Linux and root. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { inFolder } from "./spawn.ts";

/** A small file system in memory that the kernel holds to its size. */
export interface SmallDisk {
  /** An empty folder on it. */
  readonly folder: string;
  /** The least that can be taken or free: a page. */
  readonly blockBytes: number;
  /** Fills it up to the last byte but `freeBytes`, in whole blocks. */
  fill(freeBytes?: number): void;
  /** Gives back what `fill` took. */
  empty(): void;
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(" ")}: ${stderr.trim()}`);
}

/** Gives `use` a disk of `bytes`, and takes it away afterwards, whatever happened on it. */
export function onSmallDisk(
  bytes: number,
  use: (disk: SmallDisk) => Promise<void>,
): Promise<void> {
  return inFolder("disk", async (mounted) => {
    run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", mounted);
    try {
      await use(smallDisk(mounted));
    } finally {
      // Lazily: a failed test may have left files open.
      run("umount", "-l", mounted);
    }
  });
}

function smallDisk(mounted: string): SmallDisk {
  const ballast = join(mounted, "ballast");
  const folder = join(mounted, "data");
  const { bsize } = fs.statfsSync(mounted);
  fs.mkdirSync(folder);
  return {
    folder,
    blockBytes: bsize,
    fill(freeBytes = 0) {
      const free = fs.statfsSync(mounted).bavail * bsize - freeBytes;
      fs.appendFileSync(ballast, new Uint8Array(Math.max(0, free)));
    },
    empty() {
      fs.rmSync(ballast);
    },
  };
}

/** Makes a folder writable again. */
export interface ReadOnlyFolder extends Disposable {
  /** Writable from now on; a second call does nothing. */
  release(): void;
}

/**
 * Makes a folder read-only for whoever names a file in it: a read-only mount of the folder covers it.
 * Files that are open go on as before, as they do on a folder whose permissions were taken away.
 */
export function makeReadOnly(folder: string): ReadOnlyFolder {
  run("mount", "--bind", folder, folder);
  let isCovered = true;
  const release = (): void => {
    // Lazily: a reader may have a file open through the cover.
    if (isCovered) run("umount", "-l", folder);
    isCovered = false;
  };
  try {
    run("mount", "-o", "remount,bind,ro", folder);
  } catch (error) {
    release();
    throw error;
  }
  return { release, [Symbol.dispose]: release };
}
