import type { AppendFile } from "../platform/append_file.ts";
import { crc32 } from "../platform/fs.ts";
import type { Batch, Sink } from "./sink.ts";

/** Enough bytes that another file of the same length does not end in the same ones by chance. */
const TAIL_BYTES = 1024;
const LF = 10;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const ONE_LF: Uint8Array = Uint8Array.of(LF);

/** What the sink remembers with the lane's cursor. */
interface FileMark {
  /** Device and inode. */
  readonly id: string;
  /** Bytes of the file that hold delivered records. */
  readonly length: number;
  /** How many bytes before `length` the checksum covers. */
  readonly tail: number;
  /** Their CRC-32. */
  readonly crc: number;
}

/** A file sink over whatever `open` opens. */
export function appendSink(open: () => AppendFile, durable: boolean): Sink {
  const target = new Target(open);
  const write = (batch: Batch) => target.append(batch.bytes);
  return {
    order: "strict",
    open: (checkpoint) => void target.open(checkpoint),
    write,
    writeSync: write,
    checkpoint: () => target.checkpoint(),
    sync: () => durable ? target.sync() : undefined,
    close: () => target.close(durable),
  };
}

/** The file behind a sink: which one it is now, and how much of it is ours. */
class Target {
  readonly #openFile: () => AppendFile;
  #file: AppendFile | undefined;
  /** Bytes that hold whole batches. */
  #length = 0;
  /** The last bytes before `#length`. */
  #tail: Uint8Array = NO_BYTES;
  /** Files that were moved away while open: they wait for their last sync. */
  #moved: AppendFile[] = [];
  /** Set while the file holds a piece of a batch that could not be cut away. */
  #hasPiece = false;

  constructor(openFile: () => AppendFile) {
    this.#openFile = openFile;
  }

  open(checkpoint: string | undefined): AppendFile {
    const file = this.#openFile();
    try {
      if (file.isRegular) this.#settle(file, parseMark(checkpoint));
    } catch (error) {
      file.close();
      throw error;
    }
    this.#hasPiece = false;
    this.#file = file;
    return file;
  }

  append(bytes: Uint8Array): void {
    this.#write(this.#current(), bytes);
  }

  checkpoint(): string | undefined {
    if (this.#file === undefined || !this.#file.isRegular) return undefined;
    const mark: FileMark = {
      id: this.#file.id,
      length: this.#length,
      tail: this.#tail.length,
      crc: crc32(this.#tail),
    };
    return JSON.stringify(mark);
  }

  async sync(): Promise<void> {
    for (let file = this.#moved[0]; file !== undefined; file = this.#moved[0]) {
      await file.sync();
      file.close();
      this.#moved.shift();
    }
    if (this.#file?.isRegular) await this.#file.sync();
  }

  close(durable: boolean): void {
    const files = this.#file === undefined ? this.#moved : [...this.#moved, this.#file];
    this.#moved = [];
    this.#file = undefined;
    for (const file of files) {
      try {
        if (durable && file.isRegular) file.syncNow();
      } finally {
        file.close();
      }
    }
  }

  /** The file to write to: opened anew when the path no longer leads to the one in hand. */
  #current(): AppendFile {
    if (this.#file !== undefined && this.#file.isInPlace()) return this.#file;
    if (this.#file !== undefined) this.#moved.push(this.#file);
    this.#file = undefined;
    return this.open(undefined);
  }

  #write(file: AppendFile, bytes: Uint8Array): void {
    if (!file.isRegular) return file.append(bytes);
    if (this.#hasPiece) this.#cutPiece(file);
    // Another program's bytes, or a file emptied in place by a log rotation: its length is the truth.
    const found = file.length();
    if (found !== this.#length) this.#adopt(file, found);
    try {
      file.append(bytes);
    } catch (error) {
      this.#hasPiece = true;
      this.#cutPiece(file);
      throw error;
    }
    this.#length += bytes.length;
    this.#tail = lastBytes(this.#tail, bytes);
  }

  /** Cuts off the piece of a batch; when even that fails, the next write tries again. */
  #cutPiece(file: AppendFile): void {
    file.cut(this.#length);
    this.#hasPiece = false;
  }

  /** Takes a file over as it is, or cut back to what the mark knows as delivered. */
  #settle(file: AppendFile, mark: FileMark | undefined): void {
    if (mark === undefined || !holds(file, mark)) return this.#adopt(file, file.length());
    file.cut(mark.length);
    this.#adopt(file, mark.length);
  }

  /** Goes on after `length` bytes; half a line of a stranger must not swallow our next one. */
  #adopt(file: AppendFile, length: number): void {
    this.#length = length;
    this.#tail = file.readBefore(length, TAIL_BYTES);
    if (length === 0 || this.#tail.at(-1) === LF) return;
    file.append(ONE_LF);
    this.#length += 1;
    this.#tail = lastBytes(this.#tail, ONE_LF);
  }
}

/** Whether the file is the one of the mark and still begins with what the mark saw. */
function holds(file: AppendFile, mark: FileMark): boolean {
  if (mark.id !== file.id || file.length() < mark.length) return false;
  const tail = file.readBefore(mark.length, mark.tail);
  return tail.length === mark.tail && crc32(tail) === mark.crc;
}

function parseMark(checkpoint: string | undefined): FileMark | undefined {
  if (checkpoint === undefined) return undefined;
  try {
    const mark = JSON.parse(checkpoint) as Partial<FileMark> | null;
    const isWhole = typeof mark?.id === "string" && isCount(mark.length) &&
      isCount(mark.tail) && mark.tail <= TAIL_BYTES && isCount(mark.crc);
    return isWhole ? mark as FileMark : undefined;
  } catch {
    // Another kind of sink stood under this name before: its checkpoint says nothing about our file.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function lastBytes(before: Uint8Array, added: Uint8Array): Uint8Array {
  if (added.length >= TAIL_BYTES) return added.slice(added.length - TAIL_BYTES);
  const kept = before.subarray(Math.max(0, before.length + added.length - TAIL_BYTES));
  const joined = new Uint8Array(kept.length + added.length);
  joined.set(kept);
  joined.set(added, kept.length);
  return joined;
}
