import { utf8Length } from "../record/utf8.ts";
import type { LogStore } from "../storage/store.ts";
import type { DeadLetter } from "./dead_letter.ts";
import { eventOf, putLine, removedLines } from "./dead_letter_form.ts";
import { LetterIndex, type LetterPlace } from "./dead_letter_index.ts";
import type { LetterDraft } from "./dead_letter_limits.ts";
import { everyLine, LineReader } from "./dead_letter_reader.ts";

/** So much of a log may be of no use before anything is copied to free it. */
const SLACK_BYTES = 1024 * 1024;
/** Copied at once: what is staged stands in memory. */
const COPY_BYTES = 1024 * 1024;

/** An entry and the line that tells of it. */
export interface LetterLine extends LetterDraft {
  /** The line, ended by LF. */
  readonly line: string;
}

/** Makes the line of an entry. */
export function lineOfLetter(letter: DeadLetter): LetterLine {
  const { id, seq, firstFailed } = letter;
  const line = putLine(letter);
  return { id, seq, firstFailedMs: Date.parse(firstFailed), bytes: utf8Length(line), line };
}

/**
 * The log under the dead letters, and the index of what counts in it. An entry is a line; a later line of
 * the same id stands for it from then on, and a line of removed ids ends it. What no longer counts at the
 * beginning of the log is trimmed; entries that keep much of it are copied to its end, as log-structured
 * file systems clean their segments (Rosenblum and Ousterhout, 1992).
 */
export class LetterLog {
  readonly index: LetterIndex = new LetterIndex();
  readonly #log: LogStore;
  /** Where an entry stood when it was read. */
  readonly #readAt = new WeakMap<DeadLetter, number>();
  #unreadable = 0;

  constructor(log: LogStore) {
    this.#log = log;
  }

  /** Whether nothing may be staged. */
  get isFull(): boolean {
    return this.#log.full;
  }

  /** Lines that were met and could not be understood, and entries whose line could not be read. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Reads what the log holds. */
  async load(): Promise<void> {
    for await (const { seq: position, line } of everyLine(this.#log)) {
      const event = eventOf(line);
      if (event === undefined) this.#unreadable++;
      else if (event.kind === "removed") event.ids.forEach((id) => this.index.remove(id));
      else {
        const { id, seq, firstFailed } = event.letter;
        const firstFailedMs = Date.parse(firstFailed);
        this.index.put({ id, seq, firstFailedMs, position, bytes: utf8Length(line) + 1 });
      }
    }
  }

  /** Puts and removes entries; the index tells of it once it is durable. One call at a time. */
  async commit(puts: readonly LetterLine[], removed: readonly string[]): Promise<void> {
    const places = puts.map(({ line, ...place }): LetterPlace => ({
      ...place,
      position: this.#log.stage(line),
    }));
    for (const line of removedLines(removed)) this.#log.stage(line);
    await this.#log.sync();
    for (const place of places) this.index.put(place);
    for (const id of removed) this.index.remove(id);
  }

  /** Reads entries one by one, as they are at that moment. */
  reader(): { letter(id: string): Promise<DeadLetter | undefined>; close(): void } {
    const lines = new LineReader(this.#log);
    return { letter: (id) => this.#letter(id, lines), close: () => lines.close() };
  }

  async #letter(id: string, lines: LineReader): Promise<DeadLetter | undefined> {
    for (let place = this.index.get(id); place !== undefined;) {
      const line = await lines.line(place.position);
      const event = line === undefined ? undefined : eventOf(line);
      if (event?.kind === "put") {
        this.#readAt.set(event.letter, place.position);
        return event.letter;
      }
      // It may have moved while it was read; else it is lost, and the log has told so.
      const now = this.index.get(id);
      if (now?.position === place.position) return undefined;
      place = now;
    }
    return undefined;
  }

  /** An entry as it is now: the same object if nothing has changed since it was read here. */
  async renewed(letter: DeadLetter): Promise<DeadLetter | undefined> {
    const place = this.index.get(letter.id);
    if (place === undefined) return undefined;
    if (place.position === this.#readAt.get(letter)) return letter;
    const reader = this.reader();
    try {
      return await reader.letter(letter.id);
    } finally {
      reader.close();
    }
  }

  /** Frees what is of no use. One call at a time, and none of `commit` meanwhile. */
  async tidy(): Promise<void> {
    await this.#trim();
    if (!this.#isWasteful) return;
    // Once around at most: what is copied stands behind this end. A log that frees nothing is left alone.
    const end = this.#log.nextSeq;
    for (let from = -1; from < this.#log.firstSeq && from < end && this.#isWasteful;) {
      from = this.#log.firstSeq;
      await this.#copyBelow(Math.min(end, this.#log.evictTo));
      await this.#trim();
      await this.#log.truncateBefore(this.#usefulSeq);
    }
    await this.#log.compact();
  }

  /** Every line below this one is of no use. */
  get #usefulSeq(): number {
    return this.index.lowestPosition ?? this.#log.nextSeq;
  }

  /** A single segment cannot be freed as long as it holds anything. */
  get #isWasteful(): boolean {
    const { bytes, segments } = this.#log.stats();
    return bytes > 2 * this.index.bytes + SLACK_BYTES && (segments > 1 || this.index.size === 0);
  }

  async #trim(): Promise<void> {
    const seq = this.#usefulSeq;
    if (this.#log.canTrim(seq)) await this.#log.trim(seq);
  }

  async #copyBelow(seq: number): Promise<void> {
    const lines = new LineReader(this.#log);
    let copies: LetterLine[] = [];
    let bytes = 0;
    try {
      for (const { position, ...place } of this.index.below(seq)) {
        const line = await lines.line(position);
        if (line === undefined) this.#lost(place.id);
        else copies.push({ ...place, line: line + "\n" });
        bytes += place.bytes;
        if (bytes < COPY_BYTES) continue;
        await this.commit(copies, []);
        copies = [];
        bytes = 0;
      }
      await this.commit(copies, []);
    } finally {
      lines.close();
    }
  }

  #lost(id: string): void {
    this.index.remove(id);
    this.#unreadable++;
  }

  /** Gives the log back. */
  close(): Promise<void> {
    return this.#log.close();
  }
}
