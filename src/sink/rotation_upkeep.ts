import type { Clock } from "../clock.ts";
import { codeOf, messageOf } from "../errors.ts";
import type { FilePlace, RotatedFiles } from "../platform/rotated_files.ts";
import { listSeries, lookUp, type NamedFile, type RotatedFile } from "./rotated_list.ts";
import { GZIP_ENDING, nameSeries, PART_ENDING } from "./rotated_name.ts";
import type { RotationSettings } from "./rotation_options.ts";
import { beyondBytes, beyondCountAndAge } from "./rotation_policy.ts";

/** What the background work needs from the rotation it works for. */
export interface UpkeepHost {
  readonly settings: RotationSettings;
  readonly files: RotatedFiles;
  readonly clock: Clock;
  /** Where the active file lies now. */
  place(): FilePlace;
  /** The file from which on nothing may be compressed or removed. */
  heldId(): string | undefined;
  /** Told of each kind of trouble once, and again when it comes back after a round without it. */
  onError(error: Error): void;
}

/** The work on rotated files that nobody waits for. */
export interface Upkeep {
  /** Has all files looked at, soon: never before the running job has ended. */
  wake(): void;
  /** Looks again if something had to wait for the file that was held. */
  release(): void;
  /** Resolves when nothing is left to do. */
  settled(): Promise<void>;
  /** Finishes the file in hand and begins no other. */
  close(): Promise<void>;
}

/** A rotated file, and its compressed copy if both are there. */
interface Entry extends RotatedFile {
  readonly twin: string | undefined;
}

/** So many files are looked up in one go before others have their turn: about 1 ms. */
const FILES_A_TURN = 100;
/** After one of these the next file fares no better. */
const DISK_CODES: readonly string[] = ["ENOSPC", "EDQUOT", "EROFS", "EIO"];

/** Makes the background worker of one rotation. */
export function createUpkeep(host: UpkeepHost): Upkeep {
  return new Worker(host);
}

class Worker implements Upkeep {
  readonly #host: UpkeepHost;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isClosed = false;
  /** Set when something waits for the held file to move on. */
  #hasHeldWork = false;
  /** Kinds of trouble that this round and the one before it met. */
  #troubles = new Set<string>();
  #oldTroubles = new Set<string>();

  constructor(host: UpkeepHost) {
    this.#host = host;
  }

  wake(): void {
    this.#isWanted = true;
    if (!this.#isClosed) this.#running ??= this.#run();
  }

  release(): void {
    if (this.#hasHeldWork) this.wake();
  }

  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.settled();
  }

  async #run(): Promise<void> {
    await this.#turn();
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      try {
        await this.#round();
      } catch (error) {
        this.#tell("list", "Cannot look after the rotated files", error);
      }
      this.#oldTroubles = this.#troubles;
      this.#troubles = new Set();
    }
    this.#running = undefined;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#host.clock.defer(resolve));
  }

  async #round(): Promise<void> {
    const { settings, clock } = this.#host;
    this.#hasHeldWork = false;
    let entries = await this.#list();
    entries = this.#remove(entries, beyondCountAndAge(entries, settings.keep, clock.now()));
    await this.#dropOriginals(entries);
    if (settings.gzip) await this.#compressAll(entries);
    if (settings.keep.bytes === Infinity) return;
    // Only now: compressed, more of them may fit.
    entries = await this.#list();
    this.#remove(entries, beyondBytes(entries, settings.keep));
  }

  /** All files of the series, oldest first. Copies that were never finished are removed on the way. */
  async #list(): Promise<Entry[]> {
    const { files } = this.#host;
    const { folder, base } = this.#host.place();
    const named = listSeries(files, folder, nameSeries(base));
    for (const part of named.parts) this.#removePart(part);
    const entries: Entry[] = [];
    for (const [at, file] of named.files.entries()) {
      if (at % FILES_A_TURN === FILES_A_TURN - 1) await this.#turn();
      const found = lookUp(files, file);
      if (found !== undefined) entries.push({ ...found, twin: file.twin });
    }
    return entries;
  }

  #removePart({ path }: NamedFile): void {
    const { files } = this.#host;
    this.#attempt("remove", `Cannot remove the unfinished "${path}"`, () => {
      if (files.entryOf(path) !== undefined) files.remove(path);
    });
  }

  /** Removes what is too much and may go; answers what stays. */
  #remove(entries: readonly Entry[], surplus: readonly Entry[]): Entry[] {
    const gone = new Set<Entry>();
    for (const entry of surplus) {
      if (this.#isHeld(entry, entries)) continue;
      const isDone = this.#attempt(
        "remove",
        `Cannot remove the rotated file "${entry.path}"`,
        () => {
          if (entry.twin !== undefined) this.#host.files.remove(entry.twin);
          this.#host.files.remove(entry.path);
        },
      );
      if (isDone) gone.add(entry);
    }
    return entries.filter((entry) => !gone.has(entry));
  }

  /** Ends what a kill cut short: the copy had its name, the original was still there. */
  async #dropOriginals(entries: readonly Entry[]): Promise<void> {
    const { files } = this.#host;
    for (const entry of entries) {
      const { path, twin } = entry;
      if (twin === undefined || this.#isClosed || this.#isHeld(entry, entries)) continue;
      try {
        if (!await files.isCopy(twin, path)) throw new Error("they differ; remove one of them");
        if (files.entryOf(path)?.id === entry.id) files.remove(path);
      } catch (error) {
        this.#tell("twin", `Cannot put "${twin}" in the place of "${path}"`, error);
      }
    }
  }

  async #compressAll(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      if (this.#isClosed) return;
      if (entry.gzipped || entry.twin !== undefined || this.#isHeld(entry, entries)) continue;
      try {
        await this.#compress(entry, entries);
      } catch (error) {
        const what =
          `Cannot compress "${entry.path}", which stays as it is until the next rotation`;
        this.#tell("compress", what, error);
        if (DISK_CODES.includes(codeOf(error))) return;
      }
    }
  }

  async #compress(entry: Entry, entries: readonly Entry[]): Promise<void> {
    const { files } = this.#host;
    const whole = entry.path + GZIP_ENDING;
    const part = whole + PART_ENDING;
    const made = await files.compress(entry.path, part);
    if (made === undefined) return;
    // Between these looks and the rename nothing else of this process runs.
    const isUnchanged = (): boolean => {
      const now = files.entryOf(entry.path);
      return now?.id === made.sourceId && now.bytes === made.sourceBytes;
    };
    if (files.entryOf(part)?.id !== made.id) return;
    if (!isUnchanged() || this.#isHeld(entry, entries) || files.entryOf(whole) !== undefined) {
      return files.remove(part);
    }
    files.replace(part, whole);
    await files.syncFolder(this.#folder());
    if (isUnchanged() && files.entryOf(whole)?.id === made.id) files.remove(entry.path);
  }

  /** Files that were rotated after the list was made are younger than any in it. */
  #isHeld(entry: Entry, entries: readonly Entry[]): boolean {
    const id = this.#host.heldId();
    const from = id === undefined ? -1 : entries.findIndex((other) => other.id === id);
    const isHeld = from >= 0 && entries.indexOf(entry) >= from;
    this.#hasHeldWork ||= isHeld;
    return isHeld;
  }

  #attempt(episode: string, what: string, call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      this.#tell(episode, what, error);
      return false;
    }
  }

  #tell(episode: string, what: string, cause: unknown): void {
    const kind = `${episode} ${codeOf(cause)}`;
    const isNews = !this.#troubles.has(kind) && !this.#oldTroubles.has(kind);
    this.#troubles.add(kind);
    if (isNews) this.#host.onError(new Error(`${what}: ${messageOf(cause)}`, { cause }));
  }

  #folder(): string {
    return this.#host.place().folder;
  }
}
