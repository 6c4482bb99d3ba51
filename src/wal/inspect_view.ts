import type { FileStore } from "../storage/store.ts";
import { type LogLook, lookAt, segmentNames } from "./inspect_look.ts";
import type { ReadableLog } from "./reader.ts";
import { FrameScanner } from "./scan.ts";
import type { Segment } from "./segment.ts";
import { Window } from "../storage/window.ts";

/** A log as a reader without its lock sees it: as it was at the last look, and as far as it was seen to grow. */
export class LogView implements ReadableLog {
  readonly window: Window = new Window(0);
  store: FileStore;
  segments: readonly Segment[];
  firstSeq: number;
  writtenSeq: number;
  /** The log's id; undefined while there is no log. */
  logId: string | undefined;
  #names: string;

  private constructor(look: LogLook) {
    this.store = look.store;
    this.segments = look.segments;
    this.firstSeq = look.firstSeq;
    this.writtenSeq = look.log.nextSeq;
    this.logId = look.log.log;
    this.#names = namesOf(look);
  }

  /** Takes the first look. */
  static async open(store: FileStore): Promise<LogView> {
    return new LogView(await lookAt(store));
  }

  /** What a reader finds damaged it gives as a gap, which is enough. */
  damaged(): void {}

  /** Looks at the whole log anew. */
  async renew(): Promise<void> {
    const look = await lookAt(this.store);
    this.segments = look.segments;
    this.firstSeq = look.firstSeq;
    this.writtenSeq = look.log.nextSeq;
    this.logId = look.log.log;
    this.#names = namesOf(look);
  }

  /** Whether segments came or went since the last look. */
  async hasMoved(): Promise<boolean> {
    return segmentNames(await this.store.list()).join() !== this.#names;
  }

  /**
   * Takes in the frames that were added to the last segment since; looks at the whole log where that does
   * not tell how it goes on.
   *
   * @returns Whether readers have to begin anew
   */
  async grow(): Promise<boolean> {
    const before = this.writtenSeq;
    if (await this.hasMoved() || !(await this.#extend())) {
      await this.renew();
      return true;
    }
    return this.writtenSeq !== before;
  }

  /** False if something stands behind the end that is no frame, and frames behind that. */
  async #extend(): Promise<boolean> {
    const last = this.segments.at(-1);
    if (last === undefined) return true;
    const file = await this.store.openFile(last.name, "read");
    const scanner = new FrameScanner(file, this.store, last.header.salt);
    try {
      for (;;) {
        const found = await scanner.at(last.end, file.size);
        if (found.kind === "end") return true;
        if (found.kind === "invalid") {
          return await scanner.findFrame(last.end + 1, file.size) === undefined;
        }
        const { header, end } = found.frame;
        if (header.seq !== this.writtenSeq) return false;
        last.end = end;
        this.writtenSeq += header.n;
      }
    } finally {
      file.close();
    }
  }
}

function namesOf({ files }: LogLook): string {
  return segmentNames(files).join();
}
