import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { isolated } from "../isolated.ts";
import { inFolder, type RotatedFiles, rotatedFiles } from "../platform/rotated_files.ts";
import { listSeries, lookUp, type NamedFile, type RotatedFile } from "./rotated_list.ts";
import { type NameSeries, nameSeries } from "./rotated_name.ts";
import {
  type RotationOptions,
  type RotationSettings,
  rotationSettings,
} from "./rotation_options.ts";
import { isDue } from "./rotation_policy.ts";
import { createUpkeep, type Upkeep } from "./rotation_upkeep.ts";

/** What a rotation needs from who writes the file. */
export interface RotationHost {
  /** Its time of day names files, ends periods and ages files; its monotonic time spaces retries. */
  readonly clock: Clock;
  /** Told in one sentence what could not be done, once until it worked again. The file is written on. */
  onError(error: Error): void;
  /** Told of each rotation. */
  onRotate?(from: string, to: string): void;
  /** The calls of the file system. @default those of the system */
  readonly files?: RotatedFiles;
}

/**
 * The rotation of one log file: when it is due, the names, and what becomes of rotated files.
 *
 * Only one writer at a time may rotate a file; a second one loses nothing, but the two mix their lines.
 */
export interface Rotation extends AsyncDisposable {
  /**
   * What to give to `due` for the file that now has the path: the time of its last write, so that a
   * period outlasts a restart, or now, if there is none or it is empty. Ask each time that the path is
   * opened, and before the file is cut or written to, since both are writes to the file system.
   */
  openedAtMs(): number;
  /**
   * Whether a write belongs into a new file. Ask before each write, with all that is written at once:
   * a line or a batch is never split over two files. Touches no disk.
   *
   * @param lengthNow Bytes in the file; an empty file is never rotated
   * @param bytesToAdd Bytes of the write
   * @param openedAtMs What `openedAtMs()` said when the file was opened
   */
  due(lengthNow: number, bytesToAdd: number, openedAtMs: number): boolean;
  /**
   * Gives the file its next rotated name, at once, and starts the background work. All that belongs in
   * it must be written, and its length be right: it may be compressed as soon as the running job ends.
   * The caller opens the path anew and closes the old descriptor.
   *
   * @returns The rotated name, or `undefined` if the file is gone, empty or cannot be renamed: go on in
   * the file that is there; a rename that failed is due again 10 s later
   */
  rotate(): string | undefined;
  /** The rotated files, oldest first. Reads the folder. */
  rotated(): readonly RotatedFile[];
  /**
   * Makes a rotated file the active one again, in place of the active one, and removes the files after
   * it: for a writer whose last checkpoint points into it. Close the active file before.
   *
   * @param id Device and inode of the rotated file
   * @returns False if there is no such file, or it was compressed; and after an error, with which it
   * may have removed the youngest of the files that it was to remove
   */
  undo(id: string): boolean;
  /**
   * From this file on nothing is compressed or removed, so that `undo` can bring it back. Call it before
   * the job that created this rotation ends. A file that is not rotated yet is held from then on.
   *
   * @param id Device and inode; `undefined` holds nothing
   */
  holdBack(id: string | undefined): void;
  /** Resolves when all background work that may be done now is done. */
  settled(): Promise<void>;
  /** Ends the background work after the file in hand; the next start goes on with the rest. */
  close(): Promise<void>;
}

/** So long a rename that failed is not tried again. */
const RETRY_MS = 10_000;

/**
 * Rotates a log file by size and time.
 *
 * `app.log` becomes `app.000042.2026-11-21T10-54-23Z.log`, with the highest number found plus one and
 * the time of the rotation in UTC: sorted by name the files are in order even when the clock was set
 * back. In the background, at the start and after each rotation, files beyond `keep` are removed and the
 * rest compressed, if asked for. Only files whose whole name is of this form are ever touched.
 *
 * A kill at any point leaves each file as a whole original or a whole `.gz`, or both, which the next
 * start resolves. Where the path is a symbolic link, the file that it leads to is rotated, in its folder.
 *
 * @throws {TypeError} If an option is of the wrong kind
 * @throws {RangeError} If a number is out of range
 */
export function createRotation(
  path: string,
  options: RotationOptions,
  host: RotationHost,
): Rotation {
  return new FileRotation(path, rotationSettings(options), host);
}

class FileRotation implements Rotation {
  readonly #path: string;
  readonly #settings: RotationSettings;
  readonly #clock: Clock;
  readonly #files: RotatedFiles;
  readonly #onError: (error: Error) => void;
  readonly #onRotate: (move: { from: string; to: string }) => void;
  readonly #upkeep: Upkeep;
  #heldId: string | undefined;
  /** The highest number given; a file that is gone does not give its number back. */
  #lastNumber = 0;
  /** When the file got its first bytes, if it was empty when it was opened: its period begins then. */
  #begunAtMs: number | undefined;
  /** Set after a rename that failed: when to try again, on the monotonic clock. */
  #retryAt: number | undefined;

  constructor(path: string, settings: RotationSettings, host: RotationHost) {
    this.#path = path;
    this.#settings = settings;
    this.#clock = host.clock;
    this.#files = host.files ?? rotatedFiles;
    this.#onError = isolated("onError", (error) => host.onError(error));
    this.#onRotate = isolated("onRotate", ({ from, to }) => host.onRotate?.(from, to));
    this.#upkeep = createUpkeep({
      settings,
      files: this.#files,
      clock: host.clock,
      place: () => this.#files.placeOf(path),
      heldId: () => this.#heldId,
      onError: this.#onError,
    });
    this.#upkeep.wake();
  }

  openedAtMs(): number {
    this.#begunAtMs = undefined;
    const active = this.#files.entryOf(this.#active());
    return active === undefined || active.bytes === 0 ? this.#clock.now() : active.modifiedMs;
  }

  due(lengthNow: number, bytesToAdd: number, openedAtMs: number): boolean {
    const now = this.#clock.now();
    if (lengthNow === 0) this.#begunAtMs = now;
    const file = { bytes: lengthNow, openedAtMs: this.#begunAtMs ?? openedAtMs };
    if (!isDue(this.#settings, file, bytesToAdd, now)) return false;
    return this.#retryAt === undefined || this.#clock.monotonic() >= this.#retryAt;
  }

  rotate(): string | undefined {
    const from = this.#active();
    try {
      const to = this.#moveAway(from);
      this.#retryAt = undefined;
      if (to !== undefined) this.#onRotate({ from, to });
      this.#upkeep.wake();
      return to;
    } catch (error) {
      if (this.#retryAt === undefined) this.#tell(`Cannot rotate "${from}"`, error);
      this.#retryAt = this.#clock.monotonic() + RETRY_MS;
      return undefined;
    }
  }

  rotated(): readonly RotatedFile[] {
    return this.#named().files
      .map((file) => lookUp(this.#files, file))
      .filter((file) => file !== undefined);
  }

  undo(id: string): boolean {
    const { files, parts } = this.#named();
    const at = files.findIndex((file) =>
      file.form === "plain" && lookUp(this.#files, file)?.id === id
    );
    const target = files[at];
    if (target === undefined) return false;
    try {
      this.#removeAll([
        ...files.slice(at + 1),
        ...parts.filter((part) => part.number >= target.number),
      ]);
      if (target.twin !== undefined) this.#files.remove(target.twin);
      // A power cut must not keep the rename and lose the removals.
      this.#files.syncFolderNow(this.#files.placeOf(this.#path).folder);
      this.#files.replace(target.path, this.#active());
      return true;
    } catch (error) {
      this.#tell(`Cannot make "${target.path}" the active file again`, error);
      return false;
    }
  }

  holdBack(id: string | undefined): void {
    if (id === this.#heldId) return;
    this.#heldId = id;
    this.#upkeep.release();
  }

  settled(): Promise<void> {
    return this.#upkeep.settled();
  }

  close(): Promise<void> {
    return this.#upkeep.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #active(): string {
    const { folder, base } = this.#files.placeOf(this.#path);
    return inFolder(folder, base);
  }

  #named(): ReturnType<typeof listSeries> {
    const { folder, base } = this.#files.placeOf(this.#path);
    return listSeries(this.#files, folder, nameSeries(base));
  }

  #moveAway(from: string): string | undefined {
    const active = this.#files.entryOf(from);
    if (active === undefined || active.bytes === 0) return undefined;
    const { folder, base } = this.#files.placeOf(this.#path);
    const series = nameSeries(base);
    for (;;) {
      const highest = highestNumber(this.#files.names(folder), series);
      this.#lastNumber = 1 + Math.max(this.#lastNumber, highest);
      const to = inFolder(folder, series.nameOf(this.#lastNumber, this.#clock.now()));
      const outcome = this.#files.moveToFree(from, to);
      if (outcome !== "taken") return outcome === "moved" ? to : undefined;
    }
  }

  /** Youngest first: what a kill leaves of them is then older than what was removed. */
  #removeAll(files: readonly NamedFile[]): void {
    for (const file of files.toReversed()) {
      if (file.twin !== undefined) this.#files.remove(file.twin);
      if (lookUp(this.#files, file) !== undefined) this.#files.remove(file.path);
    }
  }

  #tell(what: string, cause: unknown): void {
    this.#onError(new Error(`${what}: ${messageOf(cause)}`, { cause }));
  }
}

/** Asked before each rotation, so that two writers of one file do not give the same number. */
function highestNumber(names: readonly string[], series: NameSeries): number {
  let highest = 0;
  for (const name of names) highest = Math.max(highest, series.parse(name)?.number ?? 0);
  return highest;
}
