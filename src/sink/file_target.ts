import type { Clock } from "../clock.ts";
import { type AppendFile, openAppendFile } from "../platform/append_file.ts";
import { type FileMark, holds, lastBytes, markOf, TAIL_BYTES } from "./file_mark.ts";
import { endOfLines, endOfLinesIn, LF } from "./line_ends.ts";
import { PipeLines } from "./pipe_lines.ts";
import type { Rotation } from "./rotation.ts";

/** What a file target is made of. */
export interface FileTargetOptions {
  /** Opens the file of the path, and creates it. */
  readonly open: () => AppendFile;
  /** Makes the rotation of the file; called when it is first opened. */
  readonly rotation?: (() => Rotation) | undefined;
  /** Whether a file is synced before it is let go. */
  readonly durable: boolean;
  /** Whether the last bytes are remembered, which a mark needs. */
  readonly marks: boolean;
  /** Longer writes are split between lines, so that a rotated file is no longer. @default {Infinity} */
  readonly maxWriteBytes?: number;
  /** How long a look at the path and the length counts; 0 looks before each write. */
  readonly lookEveryMs: number;
  readonly clock: Clock;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const ONE_LF: Uint8Array = Uint8Array.of(LF);
/** How often a file that nobody writes to is looked at: one that was removed keeps its disk space. */
const IDLE_LOOK_MS = 5_000;

/**
 * The file behind a path: which one it is now, and how much of it holds whole writes. A file that was
 * moved away, removed or cut by a log rotation is noticed before a write.
 */
export class FileTarget {
  readonly #options: FileTargetOptions;
  #file: AppendFile | undefined;
  #rotation: Rotation | undefined;
  /** Since when the file's period counts. */
  #openedAtMs = 0;
  /** Bytes that hold whole writes. */
  #length = 0;
  /** The last bytes before `#length`. */
  #tail: Uint8Array = NO_BYTES;
  /** Set while the file holds a piece of a write that could not be cut away. */
  #hasPiece = false;
  /** Whether the file ends in half a line that is not ours. */
  #isMidLine = false;
  /** What a pipe needs in the place of cuts. */
  readonly #pipe = new PipeLines();
  #lookedAtMs = -Infinity;
  /** Files that were let go and wait for their last sync. */
  readonly #leaving = new Set<Promise<void>>();
  #cancelWatch: (() => void) | undefined;
  /** Bytes of the `append` that failed last which are out, and must not be appended again. */
  taken = 0;

  constructor(options: FileTargetOptions) {
    this.#options = options;
  }

  /**
   * Opens the file of the path. With a mark, the file of the mark becomes that of the path again if it
   * was rotated away, and is cut back to the mark.
   */
  open(mark?: FileMark): AppendFile {
    const rotation = this.#rotation ??= this.#options.rotation?.();
    // Before anything is cut or written, which moves the file's time on.
    this.#openedAtMs = rotation?.openedAtMs() ?? 0;
    const file = this.#openAt(mark);
    try {
      if (file.isRegular) this.#settle(file, mark);
    } catch (error) {
      file.close();
      throw error;
    }
    this.#file = file;
    this.#lookedAtMs = this.#options.clock.monotonic();
    this.#watch();
    return file;
  }

  #openAt(mark: FileMark | undefined): AppendFile {
    const rotation = this.#rotation;
    // Held from the beginning, before the work in the background can take the file away.
    if (mark !== undefined) rotation?.holdBack(mark.id);
    const file = this.#options.open();
    if (mark === undefined || rotation === undefined || !file.isRegular) return file;
    if (file.id === mark.id || !holdsRotated(rotation, mark)) return file;
    file.close();
    rotation.undo(mark.id);
    this.#openedAtMs = rotation.openedAtMs();
    return this.#options.open();
  }

  /** From the file of this mark on nothing is compressed or removed. */
  holdBack(id: string): void {
    this.#rotation?.holdBack(id);
  }

  /**
   * Appends whole lines, all or none of them; see `taken` for pipes and for writes that are split. A line
   * that a pipe has begun is finished before anything else.
   */
  append(bytes: Uint8Array): void {
    const { maxWriteBytes = Infinity } = this.#options;
    if (bytes.length <= maxWriteBytes) return this.#append(bytes, 0);
    for (let from = 0; from < bytes.length;) {
      const to = endOfLines(bytes, from, maxWriteBytes);
      this.#append(bytes.subarray(from, to), from);
      from = to;
    }
  }

  /** Appends what comes after the `taken` bytes of a write. */
  #append(bytes: Uint8Array, taken: number): void {
    this.taken = taken;
    let file = this.#current();
    if (!file.isRegular) return this.#appendToPipe(file, bytes, taken);
    if (this.#rotation?.due(this.#length, bytes.length, this.#openedAtMs)) {
      file = this.#rotate(file, this.#rotation);
    }
    try {
      file.append(bytes);
    } catch (error) {
      this.#hasPiece = true;
      this.#tryCut(file);
      throw error;
    }
    this.#length += bytes.length;
    if (this.#options.marks) this.#tail = lastBytes(this.#tail, bytes);
  }

  /** Lets go of a file that the path no longer leads to, so that its disk space can be given back. */
  release(): void {
    if (this.#file !== undefined && !this.#file.isInPlace()) this.#leave(this.#file);
  }

  /** Looks at the path now, and creates the file if it is gone. */
  reopen(): void {
    this.release();
    if (this.#file === undefined) this.open();
  }

  /** Gives a file that is written through a mapping, and longer than what it holds, its true size. */
  trim(): void {
    if (this.#file?.isRegular) this.#file.cut(this.#file.length());
  }

  /** Goes on in a new file; in the same one if it cannot be renamed. */
  #rotate(file: AppendFile, rotation: Rotation): AppendFile {
    this.trim();
    if (rotation.rotate() === undefined) return file;
    this.#leave(file);
    return this.open();
  }

  /** The present place; undefined for what cannot be cut back. */
  mark(): FileMark | undefined {
    if (this.#file === undefined || !this.#file.isRegular) return undefined;
    return markOf(this.#file.id, this.#length, this.#tail);
  }

  /** Makes all that was appended survive a power cut, in the files that were let go as well. */
  async sync(): Promise<void> {
    for (const last of [...this.#leaving]) {
      // A failure is told once: nothing more can be done for that file.
      this.#leaving.delete(last);
      await last;
    }
    if (this.#file?.isRegular) await this.#file.sync();
  }

  /** Syncs at once if the file is to be durable, and gives all descriptors back. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#cancelWatch?.();
    try {
      if (file !== undefined) this.#closeNow(file);
    } finally {
      await this.#rotation?.close();
      await Promise.all([...this.#leaving]);
    }
  }

  #closeNow(file: AppendFile): void {
    try {
      if (this.#hasPiece) this.#tryCut(file);
      if (!file.isRegular) this.#pipe.finish(file);
      if (this.#options.durable && file.isRegular) file.syncNow();
    } finally {
      file.close();
    }
  }

  /** The file to write to, fit for whole writes. */
  #current(): AppendFile {
    const now = this.#options.clock.monotonic();
    const isFresh = now - this.#lookedAtMs < this.#options.lookEveryMs;
    if (!isFresh) this.release();
    const file = this.#file ?? this.open();
    if (this.#hasPiece) this.#cutPiece(file);
    // Another program's bytes, or a file emptied in place by a log rotation: its length is the truth.
    if (!isFresh) this.#lookedAtMs = now;
    const found = isFresh || !file.isRegular ? this.#length : file.length();
    if (found !== this.#length) this.#adopt(file, found);
    if (this.#isMidLine) this.#endLine(file);
    return file;
  }

  #appendToPipe(file: AppendFile, bytes: Uint8Array, taken: number): void {
    try {
      this.#pipe.append(file, bytes);
    } catch (error) {
      this.taken = taken + this.#pipe.taken;
      throw error;
    }
  }

  /** A file that is no longer ours: synced if it is to be, then closed. */
  #leave(file: AppendFile): void {
    if (this.#hasPiece) this.#tryCut(file);
    this.#hasPiece = this.#isMidLine = false;
    this.#pipe.forget();
    this.#file = undefined;
    if (!this.#options.durable || !file.isRegular) return file.close();
    const last = file.sync().finally(() => file.close());
    this.#leaving.add(last);
    // A failure stays, for the next sync to tell.
    last.then(() => this.#leaving.delete(last), () => {});
  }

  /** Cuts off the piece of a write; when even that fails, the next write tries again. */
  #tryCut(file: AppendFile): void {
    try {
      this.#cutPiece(file);
    } catch {
      // The error of the write says more.
    }
  }

  #cutPiece(file: AppendFile): void {
    const found = file.length();
    // Shorter than it was: emptied in place meanwhile, so that only its last line can be a piece.
    const end = found >= this.#length ? this.#length : endOfLinesIn(file, found);
    file.cut(end);
    this.#hasPiece = false;
    if (end !== this.#length) this.#adopt(file, end);
  }

  /** Takes a file over as it is, or cut back to what the mark knows as delivered. */
  #settle(file: AppendFile, mark: FileMark | undefined): void {
    if (mark === undefined || !holds(file, mark)) return this.#adopt(file, file.length());
    file.cut(mark.length);
    this.#adopt(file, mark.length);
  }

  /** Goes on after `length` bytes. */
  #adopt(file: AppendFile, length: number): void {
    this.#tail = file.readBefore(length, this.#options.marks ? TAIL_BYTES : 1);
    this.#length = length;
    this.#isMidLine = length > 0 && this.#tail.at(-1) !== LF;
  }

  /** Half a line of a stranger must not swallow our next one. */
  #endLine(file: AppendFile): void {
    file.append(ONE_LF);
    this.#isMidLine = false;
    this.#length += 1;
    this.#tail = lastBytes(this.#tail, ONE_LF);
  }

  /** A file that was removed while nobody writes must not hold its disk space for ever. */
  #watch(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = this.#options.clock.setTimer(() => {
      this.#cancelWatch = undefined;
      try {
        this.release();
      } catch {
        // The path cannot be looked at now: the next write tells why.
      }
      if (this.#file !== undefined) this.#watch();
    }, IDLE_LOOK_MS);
  }
}

/** Whether the file of a mark was rotated away and still holds what the mark saw. */
function holdsRotated(rotation: Rotation, mark: FileMark): boolean {
  const rotated = rotation.rotated().find(({ id, gzipped }) => id === mark.id && !gzipped);
  if (rotated === undefined) return false;
  const file = openAppendFile(rotated.path);
  try {
    return holds(file, mark);
  } finally {
    file.close();
  }
}
