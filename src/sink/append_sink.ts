import { type Clock, systemClock } from "../clock.ts";
import type { AppendFile } from "../platform/append_file.ts";
import { onProcessExit } from "../platform/exit.ts";
import { onHangup } from "../platform/hangup.ts";
import { parseMark } from "./file_mark.ts";
import { tellOnConsole } from "./file_opener.ts";
import { FileTarget } from "./file_target.ts";
import type { Rotation } from "./rotation.ts";
import type { Batch, Sink, SinkOpening } from "./sink.ts";

/** What a file sink may have beside its file. */
export interface AppendSinkOptions {
  /** How messages call the file. */
  readonly path?: string;
  /** Makes the rotation of the file. */
  readonly rotation?: (() => Rotation) | undefined;
  /** Whether the file is longer than what it holds while it is open, as one that is mapped. */
  readonly isPadded?: boolean;
  /** Whether SIGHUP makes it look at the path at once. */
  readonly reopenOnHangup?: boolean;
  /** Told of a path that cannot be opened then. */
  readonly onError?: (error: Error) => void;
  readonly clock?: Clock;
}

/** A file sink over whatever `open` opens. */
export function appendSink(
  open: () => AppendFile,
  durable: boolean,
  options: AppendSinkOptions = {},
): Sink {
  return new AppendSink(open, durable, options);
}

/** The sinks of this process that have a file. */
const opened = new Set<AppendSink>();

class AppendSink implements Sink {
  readonly order = "strict";
  readonly #target: FileTarget;
  readonly #durable: boolean;
  readonly #options: AppendSinkOptions;
  readonly #withdraw: (() => void)[] = [];
  /** Whether a checkpoint may lead back to a file. */
  #resumes = true;
  /** The file that the last checkpoint points into. */
  #markedId: string | undefined;
  /** The same, of the checkpoint that is stored for certain. */
  #storedId: string | undefined;

  constructor(open: () => AppendFile, durable: boolean, options: AppendSinkOptions) {
    const { rotation, clock = systemClock } = options;
    this.#target = new FileTarget({
      open: () => this.#alone(open()),
      rotation,
      durable,
      marks: true,
      lookEveryMs: 0,
      clock,
    });
    this.#durable = durable;
    this.#options = options;
  }

  open(checkpoint: string | undefined, { resumes }: SinkOpening = { resumes: true }): void {
    this.#resumes = resumes;
    this.#target.open(parseMark(checkpoint));
    opened.add(this);
    this.#markedId = this.#storedId = this.#target.mark()?.id;
    this.#hold();
    this.#listen();
  }

  /** Where a log on disk is behind one of them, it cuts off the other's records at its next start. */
  #alone(file: AppendFile): AppendFile {
    const other = [...opened].find((sink) => sink !== this && sink.#target.mark()?.id === file.id);
    if (other === undefined || !(this.#resumes || other.#resumes)) return file;
    file.close();
    const name = this.#options.path === undefined ? "the file" : `"${this.#options.path}"`;
    throw new Error(
      `Another file sink of this process writes to ${name}, and each would cut off what the other ` +
        `wrote: give each its own file, or make it one sink`,
    );
  }

  #listen(): void {
    if (this.#withdraw.length > 0) return;
    const { reopenOnHangup, isPadded } = this.#options;
    if (reopenOnHangup) this.#withdraw.push(onHangup(() => this.#hangUp()));
    if (isPadded) this.#withdraw.push(onProcessExit(() => this.#target.trim()));
  }

  write(batch: Batch): void {
    this.#target.append(batch.bytes);
  }

  writeSync(batch: Batch): void {
    this.#target.append(batch.bytes);
  }

  checkpoint(): string | undefined {
    const mark = this.#target.mark();
    this.#markedId = mark?.id;
    return mark === undefined ? undefined : JSON.stringify(mark);
  }

  async sync(): Promise<void> {
    const markedId = this.#markedId;
    if (this.#durable) await this.#target.sync();
    // What was marked at the last sync is stored and synced by now; what is marked now is not yet.
    this.#hold();
    this.#storedId = markedId;
  }

  /** Files that a stored checkpoint may lead back to stay as they are. */
  #hold(): void {
    if (this.#resumes && this.#storedId !== undefined) this.#target.holdBack(this.#storedId);
  }

  async close(): Promise<void> {
    for (const withdraw of this.#withdraw.splice(0)) withdraw();
    opened.delete(this);
    await this.#target.close();
  }

  #hangUp(): void {
    try {
      this.#target.reopen();
    } catch (error) {
      (this.#options.onError ?? tellOnConsole)(error as Error);
    }
  }
}
