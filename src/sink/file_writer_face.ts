/** What a file writer has done. `sent = refused + evicted + written + waiting + lost`, at every moment. */
export interface FileWriterStats {
  /** Lines handed in; empty ones do not count. */
  readonly sent: number;
  /** Lines for which `send` returned false. */
  readonly refused: number;
  /** Lines that were taken and given up later, by `drop-oldest` or `sample`. */
  readonly evicted: number;
  /** Lines in the file. */
  readonly written: number;
  /** Lines that were taken and are not written yet. */
  readonly waiting: number;
  /** Lines that could not be written when the writer was closed. */
  readonly lost: number;
  /** Bytes written. */
  readonly bytes: number;
  /** Blocks written, each with one write(2) where it is no longer than 256 KiB. */
  readonly writes: number;
  /** Writes that the disk refused. */
  readonly failed: number;
  /** Writes of a block that the disk had refused before. */
  readonly retries: number;
  /** Files rotated. */
  readonly rotations: number;
}

/** Appends lines to a file, at once and in order. Only one writer at a time may write to a file. */
export interface FileWriter extends AsyncDisposable {
  /** The file. */
  readonly path: string;
  /**
   * Hands a line in; an LF is added where it is missing, bytes are written as they are, empty input is
   * ignored. Never waits and never throws because of the disk. False if the line was refused: no room is
   * left while the disk refuses or in mode `manual`, or the writer is closed.
   *
   * @throws {TypeError} If it is neither text nor bytes
   */
  send(line: string | Uint8Array): boolean;
  /** Writes all that waits, now. False if the disk refuses; what is left is tried again later. */
  trigger(): boolean;
  /**
   * Writes all that waits, and resolves when it survives a power cut (fdatasync).
   *
   * @throws {Error} If the disk refuses
   */
  sync(): Promise<void>;
  /**
   * Looks at the path now: a file that was moved away or removed is let go, and a new one is created, to
   * which what waits goes. For a log rotation that cannot wait until that is noticed.
   *
   * @throws {Error} If it cannot be opened
   */
  reopen(): void;
  /** Figures. */
  stats(): FileWriterStats;
  /**
   * Writes all that waits and gives the file back. Idempotent.
   *
   * @throws {Error} If the disk refuses: it says how many lines are lost
   */
  close(): Promise<void>;
}
