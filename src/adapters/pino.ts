/**
 * Puts pino in front of a pipeline: `pino(options, pinoDestination(pipeline))`.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import type { RecordInput } from "../record/record.ts";
import { EventListeners, type Listeners } from "./listeners.ts";
import { createPinoCutter, type PinoCutter } from "./pino_cut.ts";
import { PINO_DEFAULTS, type PinoConfig, recordFromPino } from "./pino_record.ts";

export type { Listener, Listeners } from "./listeners.ts";

/** What a destination needs of a pipeline. */
export interface PinoTarget {
  /** Offers one record; false if it was refused. */
  write(record: RecordInput): boolean;
  /** Resolves when everything accepted before is durable. */
  durable(): Promise<void>;
  /** Resolves when there is room again. */
  readonly ready: Promise<void>;
}

/**
 * A destination of pino's that writes to a pipeline, with the methods and events of a sonic-boom:
 * `ready`, `drain`, `drop` (with the line), `error`, `finish`, `close`. No method throws, waits or
 * blocks, and an `error` that nobody listens to is let go.
 */
export interface PinoDestination extends Listeners {
  /**
   * Takes one line. False if the pipeline refused it: it is lost, counted there, and told as `drop`;
   * `drain` follows as soon as there is room. False after `end` too.
   */
  write(line: string): boolean;
  /** Calls `done` when every line taken so far is durable, or with the error that keeps it from that. */
  flush(done?: ((error?: Error) => void) | null): void;
  /**
   * Gives every line taken so far to the log at once. With a log on disk they are in the hands of the
   * operating system when this returns, so that they outlive the process, `kill -9` included, but not
   * yet a power cut: that is what `flush` waits for. Without one it promises nothing.
   */
  flushSync(): void;
  /** Takes no more lines. `finish` and `close` follow when all are durable; the pipeline stays open. */
  end(): void;
  /** The same as `end`. */
  destroy(): void;
  /** Does nothing: the sinks open their files again by themselves. */
  reopen(): void;
  /** Whether lines are taken. */
  readonly writable: boolean;
  /** Whether `close` was emitted. */
  readonly destroyed: boolean;
}

/**
 * Makes a pipeline a destination of pino's. Each line becomes a record: level and time in our form,
 * `name` as its logger, everything else (`pid`, `hostname`, `err`, ...) a field; what pino's
 * serializers and `redact` did is kept. A `messageKey` or levels of your own are learned from pino.
 *
 * @throws {TypeError} If `pipeline` is none
 *
 * @example Before: `const log = pino(pino.destination("app.log"))`
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 * import { pinoDestination } from "@logflume/logflume/pino";
 * import { pino } from "pino";
 *
 * await using pipeline = await openPipeline();
 * const log = pino(pinoDestination(pipeline));
 * log.info({ order: 42 }, "order placed");
 * ```
 */
export function pinoDestination(pipeline: PinoTarget): PinoDestination {
  const { write, durable } = Object(pipeline) as Partial<PinoTarget>;
  if (typeof write !== "function" || typeof durable !== "function") {
    throw new TypeError(
      "Cannot write to this pipeline, it has no write() and durable(): pass what openPipeline() gave",
    );
  }
  return new Destination(pipeline);
}

class Destination extends EventListeners implements PinoDestination {
  readonly #pipeline: PinoTarget;
  #config: PinoConfig = PINO_DEFAULTS;
  #cut: PinoCutter = createPinoCutter(PINO_DEFAULTS.messageKey);
  #awaitsRoom = false;
  writable = true;
  destroyed = false;

  constructor(pipeline: PinoTarget) {
    super();
    this.#pipeline = pipeline;
    // Whoever made this has had no time to listen.
    queueMicrotask(() => this.emit("ready"));
  }

  write(line: string): boolean {
    const record = this.#cut(line) ?? recordFromPino(line, this.#config);
    if (this.writable && this.#pipeline.write(record)) return true;
    this.emit("drop", line);
    this.#tellRoom();
    return false;
  }

  flush(done?: ((error?: Error) => void) | null): void {
    this.#pipeline.durable().then(
      () => done?.(),
      (error: unknown) => {
        const told = error instanceof Error ? error : new Error(messageOf(error));
        if (typeof done === "function") done(told);
        else this.emit("error", told);
      },
    );
  }

  flushSync(): void {
    this.flush();
  }

  end(): void {
    if (!this.writable) return;
    this.writable = false;
    this.flush((error) => {
      if (error === undefined) this.emit("finish");
      else this.emit("error", error);
      this.destroyed = true;
      this.emit("close");
    });
  }

  destroy(): void {
    this.end();
  }

  reopen(): void {}

  /** pino says how it is configured by an event of its destination. */
  override emit(event: string, ...args: unknown[]): boolean {
    if (event === "message") this.#learn(args[0]);
    return super.emit(event, ...args);
  }

  #learn(message: unknown): void {
    const { code, config } = Object(message) as { code?: unknown; config?: unknown };
    if (code !== "PINO_CONFIG") return;
    const { messageKey, levels } = Object(config) as {
      messageKey?: unknown;
      levels?: { values?: Readonly<Record<string, number>> };
    };
    this.#config = {
      messageKey: typeof messageKey === "string" ? messageKey : PINO_DEFAULTS.messageKey,
      levelNumbers: levels?.values ?? PINO_DEFAULTS.levelNumbers,
    };
    this.#cut = createPinoCutter(this.#config.messageKey);
  }

  #tellRoom(): void {
    if (this.#awaitsRoom || !this.writable) return;
    this.#awaitsRoom = true;
    this.#pipeline.ready.then(() => {
      this.#awaitsRoom = false;
      this.emit("drain");
    });
  }
}
