import type { CursorRow, FileStore, StoreFile } from "../storage/store.ts";
import { HEADER_UNIT_BYTES, hex32, readHeader, writeHeader } from "./frame.ts";
import { readWhole } from "./whole.ts";

/** The file's name. */
const NAME = "cursors";
/** Each of the two slots; about a hundred lanes fit. */
const SLOT_BYTES = 65_536;

/** What a slot holds. */
interface Slot {
  /** Counts the saves; the higher of the two slots is the newer. */
  readonly generation: number;
  readonly log: string | undefined;
  readonly rows: readonly CursorRow[];
}

/**
 * Where the lanes are, in a file of two slots that are written in turn, so that a write that is cut
 * leaves the other one whole (LMDB keeps its two meta pages for the same reason). The file is advice:
 * the log is the truth, and a place outside the log is moved to its nearest end.
 */
export class CursorFile {
  readonly #store: FileStore;
  readonly #file: StoreFile;
  #newest: Slot;

  private constructor(store: FileStore, file: StoreFile, newest: Slot) {
    this.#store = store;
    this.#file = file;
    this.#newest = newest;
  }

  /** Opens or creates the file and reads the newer valid slot. */
  static async open(store: FileStore): Promise<CursorFile> {
    const exists = (await store.list()).some((entry) => entry.name === NAME);
    const file = exists ? await store.openFile(NAME, "write") : store.createSync(NAME);
    const slots = [await readSlot(file, store, 0), await readSlot(file, store, 1)];
    const newest = slots.reduce((a, b) => (b?.generation ?? 0) > (a?.generation ?? 0) ? b : a);
    return new CursorFile(store, file, newest ?? { generation: 0, log: undefined, rows: [] });
  }

  /** The rows of the last save. */
  get rows(): readonly CursorRow[] {
    return this.#newest.rows;
  }

  /** The id of the log that the rows belong to; undefined if nothing was saved. */
  get log(): string | undefined {
    return this.#newest.log;
  }

  /**
   * Writes the rows into the older slot, at once.
   *
   * @throws {RangeError} If they do not fit a slot
   */
  saveSync(log: string, rows: readonly CursorRow[]): void {
    const body = new TextEncoder().encode(JSON.stringify(rows) + "\n");
    if (body.length + HEADER_UNIT_BYTES > SLOT_BYTES) {
      throw new RangeError(
        `The cursors of ${rows.length} lanes need ${body.length} bytes, a slot holds ${SLOT_BYTES}: ` +
          `use fewer lanes or shorter names`,
      );
    }
    const slot = new Uint8Array(HEADER_UNIT_BYTES + body.length);
    slot.set(body, HEADER_UNIT_BYTES);
    const generation = this.#newest.generation + 1;
    const { crc32 } = this.#store;
    const header = { $: "cursors", log, generation, len: body.length, body: hex32(crc32(body)) };
    writeHeader(slot.subarray(0, HEADER_UNIT_BYTES), header, crc32);
    this.#file.writeAtSync(slot, (generation % 2) * SLOT_BYTES);
    this.#newest = { generation, log, rows };
  }

  /** Makes the last save survive a power cut. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Gives the descriptor back. */
  close(): void {
    this.#file.close();
  }
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
    log: String(header.log),
    rows: JSON.parse(new TextDecoder().decode(body)) as CursorRow[],
  };
}
