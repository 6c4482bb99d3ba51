import type { SimulatedFile } from "./simulated_disk_file.ts";
import type { PowerCut } from "./simulated_disk_power.ts";

/** A change of names that is not synced: a file gets a name, or a name goes, or both at once. */
interface NameChange {
  readonly gone?: string;
  readonly name?: string;
  readonly file?: SimulatedFile;
}

/** Names of files, twice: as processes see them, and as the disk holds them. */
export class SimulatedFolder {
  /** What processes see. */
  readonly files: Map<string, SimulatedFile> = new Map();
  /** Folders inside this one. They stay, whatever happens. */
  readonly folders: Map<string, SimulatedFolder> = new Map();
  readonly #durable = new Map<string, SimulatedFile>();
  readonly #unsynced: NameChange[] = [];
  #inFlight = 0;

  /** A file gets a name. */
  link(name: string, file: SimulatedFile): void {
    this.#change({ name, file });
  }

  /** A name goes. */
  unlink(name: string): void {
    this.#change({ gone: name });
  }

  /** A file gets another name, in one step: no power cut leaves it without any. */
  rename(from: string, to: string): void {
    this.#change({ gone: from, name: to, file: this.files.get(from)! });
  }

  #change(change: NameChange): void {
    apply(change, this.files);
    this.#unsynced.push(change);
  }

  /** The names as they are go to the disk. */
  beginSync(): void {
    this.#inFlight = this.#unsynced.length;
  }

  /** Ends the sync that began last. Where it failed or lied, the next one does its work. */
  endSync(isSynced: boolean): void {
    if (!isSynced) return;
    for (const change of this.#unsynced.splice(0, this.#inFlight)) apply(change, this.#durable);
    this.#inFlight = 0;
  }

  /** All names are on the disk from now on. */
  settle(): void {
    this.beginSync();
    this.endSync(true);
  }

  /** Those who waited for syncs are gone. */
  abandonSyncs(): void {
    this.#inFlight = 0;
    for (const file of [...this.files.values(), ...this.#durable.values()]) file.abandonSync();
    for (const folder of this.folders.values()) folder.abandonSyncs();
  }

  /** The power goes. */
  cutPower(cut: PowerCut): void {
    const kept = cut.survivors(this.#unsynced.length);
    this.#unsynced.forEach((change, i) => kept[i] && apply(change, this.#durable));
    this.#unsynced.length = 0;
    this.files.clear();
    for (const [name, file] of this.#durable) {
      this.files.set(name, file);
      file.cutPower(cut);
    }
    for (const folder of this.folders.values()) folder.cutPower(cut);
  }
}

/** Makes a change of names; one of a file whose name never reached the disk does nothing. */
function apply({ gone, name, file }: NameChange, names: Map<string, SimulatedFile>): void {
  if (gone !== undefined && name !== undefined && names.get(gone) !== file) return;
  if (gone !== undefined) names.delete(gone);
  if (name !== undefined && file !== undefined) names.set(name, file);
}
