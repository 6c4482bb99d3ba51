import type { CursorRow, FileStore, StoreEntry, StoreFile } from "../storage/store.ts";
import { HEADER_UNIT_BYTES, hex32, readHeader, writeHeader } from "./frame.ts";
import { readWhole } from "./whole.ts";

/** The file's name. */
const NAME = "cursors";
/** Each slot; about a hundred lanes fit. */
const SLOT_BYTES = 65_536;
/** Slots of saves that nobody syncs, written in turn: one that is cut leaves the other whole. */
const QUICK_SLOTS = [0, 1] as const;
/** Slots of saves that are synced: a power cut can spoil what was not synced, and no more. */
const DURABLE_SLOTS = [2, 3] as const;

const FILE_BYTES = SLOT_BYTES * (QUICK_SLOTS.length + DURABLE_SLOTS.length);

/** What a slot holds. */
interface Slot {
  /** Counts the saves; the highest of all slots is the newest. */
  readonly generation: number;
  readonly log: string | undefined;
  /** The run of the machine that saved it, as the store names it. */
  readonly boot: string;
  /** Records below this one were given up, whatever the segments still hold. */
  readonly from: number;
  readonly rows: readonly CursorRow[];
}

/**
 * Where the lanes are, in a file of four slots (LMDB keeps two meta pages for the same reason): two are
 * written in turn by saves, two in turn by saves that are synced. The file is advice: the log is the
 * truth, and a place outside the log is moved to its nearest end.
 */
export class CursorFile {
  readonly #store: FileStore;
  #file: StoreFile | undefined;
  #newest: Slot;
  /** The durable slot to write next: not the newer one of the two. */
  #nextDurable: 0 | 1;
  #syncing: Promise<void> = Promise.resolve();
  /** Whether what was found in the durable slots is known to be so. */
  #isSound = false;
  /** Whether the file's name is known to be durable. */
  #isNamed = false;

  private constructor(
    store: FileStore,
    file: StoreFile | undefined,
    newest: Slot,
    nextDurable: 0 | 1,
  ) {
    this.#store = store;
    this.#file = file;
    this.#newest = newest;
    this.#nextDurable = nextDurable;
  }

  /**
   * Opens the file, if there is one, and reads the newest valid slot.
   *
   * @param entries All files of the store
   */
  static async open(store: FileStore, entries: readonly StoreEntry[]): Promise<CursorFile> {
    const size = entries.find((entry) => entry.name === NAME)?.size;
    const exists = await makeRoom(store, size);
    const none: Slot = { generation: 0, log: undefined, boot: "", from: 0, rows: [] };
    if (!exists) return new CursorFile(store, undefined, none, 0);
    const file = await store.openFile(NAME, "write");
    const slots: Slot[] = [];
    for (const index of [...QUICK_SLOTS, ...DURABLE_SLOTS]) {
      slots[index] = await readSlot(file, store, index) ?? none;
    }
    const newest = slots.reduce(newer);
    const [a, b] = [slots[DURABLE_SLOTS[0]]!, slots[DURABLE_SLOTS[1]]!];
    const found = newest.boot !== "" && newest.boot === store.boot
      ? newest
      : withDurableFiles(newest, newer(a, b));
    const cursors = new CursorFile(store, file, found, a.generation > b.generation ? 1 : 0);
    cursors.#isSound = a === none && b === none;
    return cursors;
  }

  /** The rows of the last save. */
  get rows(): readonly CursorRow[] {
    return this.#newest.rows;
  }

  /** The id of the log that the rows belong to; undefined if nothing was saved. */
  get log(): string | undefined {
    return this.#newest.log;
  }

  /** Records below this one were given up. */
  get from(): number {
    return this.#newest.from;
  }

  /**
   * Writes the rows, at once.
   *
   * @throws {RangeError} If they do not fit a slot
   */
  saveSync(log: string, rows: readonly CursorRow[], from: number = this.from): void {
    const generation = this.#newest.generation + 1;
    const { boot } = this.#store;
    this.#write(QUICK_SLOTS[generation % 2 as 0 | 1], { generation, log, boot, from, rows });
  }

  /** Makes the last save survive a power cut; one at a time. */
  sync(): Promise<void> {
    const sync = (): Promise<void> => this.#sync();
    return this.#syncing = this.#syncing.then(sync, sync);
  }

  async #sync(): Promise<void> {
    if (this.#file === undefined) return;
    // What an opening before this one left may never have been synced: it must be before the other slot,
    // which was, is written over.
    if (!this.#isSound) await this.#file.sync();
    this.#isSound = true;
    const slot = { ...this.#newest, generation: this.#newest.generation + 1 };
    this.#write(DURABLE_SLOTS[this.#nextDurable], slot);
    await this.#file.sync();
    this.#nextDurable = this.#nextDurable === 0 ? 1 : 0;
    if (this.#isNamed) return;
    await this.#store.syncFolder();
    this.#isNamed = true;
  }

  #write(index: number, slot: Slot): void {
    const { rows, ...rest } = slot;
    const body = new TextEncoder().encode(JSON.stringify(rows) + "\n");
    if (body.length + HEADER_UNIT_BYTES > SLOT_BYTES) {
      throw new RangeError(
        `The cursors of ${rows.length} lanes need ${body.length} bytes, a slot holds ${SLOT_BYTES}: ` +
          `use fewer lanes or shorter names`,
      );
    }
    const bytes = new Uint8Array(HEADER_UNIT_BYTES + body.length);
    bytes.set(body, HEADER_UNIT_BYTES);
    const { crc32 } = this.#store;
    const header = { $: "cursors", ...rest, len: body.length, body: hex32(crc32(body)) };
    writeHeader(bytes.subarray(0, HEADER_UNIT_BYTES), header, crc32);
    this.#file ??= this.#store.createSync(NAME);
    this.#file.writeAtSync(bytes, index * SLOT_BYTES);
    this.#newest = slot;
  }

  /** Gives the descriptor back. */
  close(): void {
    this.#file?.close();
  }
}

function newer(a: Slot, b: Slot): Slot {
  return b.generation > a.generation ? b : a;
}

/**
 * After the machine was down, a save that nobody synced may tell of bytes in a sink's file that are gone:
 * sinks that keep a place in a file of theirs go back to the last save that was made after a sync of it.
 */
function withDurableFiles(newest: Slot, durable: Slot): Slot {
  const rows = newest.rows.map((row) =>
    row.checkpoint === undefined
      ? row
      : durable.rows.find(({ lane, checkpoint }) =>
        lane === row.lane && checkpoint !== undefined
      ) ??
        row
  );
  return { ...newest, rows };
}

/**
 * Fills the file ahead of its use, so that cursors can be stored even while the disk is full. Whether
 * there is a file afterwards.
 *
 * @param size Bytes in it; undefined if there is none
 */
async function makeRoom(store: FileStore, size: number | undefined): Promise<boolean> {
  const missing = FILE_BYTES - (size ?? 0);
  let exists = size !== undefined;
  if (store.keeps === "process" || missing <= 0) return exists;
  try {
    const file = exists ? await store.openFile(NAME, "write") : store.createSync(NAME);
    exists = true;
    try {
      file.writeAtSync(new Uint8Array(missing), FILE_BYTES - missing);
    } finally {
      file.close();
    }
  } catch {
    // Without room now, storing them may be refused later, which is told.
  }
  return exists;
}

async function readSlot(
  file: StoreFile,
  store: FileStore,
  index: number,
): Promise<Slot | undefined> {
  const bytes = new Uint8Array(SLOT_BYTES);
  const slot = bytes.subarray(0, await readWhole(file, bytes, index * SLOT_BYTES));
  if (slot.length < HEADER_UNIT_BYTES) return undefined;
  const header = readHeader(slot.subarray(0, HEADER_UNIT_BYTES), store.crc32);
  if (header === undefined || header === "short" || header.$ !== "cursors") return undefined;
  const body = slot.subarray(HEADER_UNIT_BYTES, HEADER_UNIT_BYTES + Number(header.len));
  if (body.length !== header.len || hex32(store.crc32(body)) !== header.body) return undefined;
  return {
    generation: Number(header.generation),
    log: header.log === undefined ? undefined : String(header.log),
    boot: String(header.boot ?? ""),
    from: Number(header.from ?? 0),
    rows: JSON.parse(new TextDecoder().decode(body)) as CursorRow[],
  };
}
