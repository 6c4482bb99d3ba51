import type { Clock } from "../clock.ts";
import { createEncoder, type LineEncoder } from "../record/encode.ts";
import { EncodedRecord } from "../record/encoded_record.ts";
import { parseRecordBytes, recordFromCall, recordFromInput } from "../record/input.ts";
import { type Level, LEVEL_RANK } from "../record/level.ts";
import type { Fields, LogRecord, RecordInput } from "../record/record.ts";
import { type LoggerScope, NO_SCOPE } from "../record/scope.ts";
import { createStamps } from "../record/time.ts";
import { mayBeRecord, recordFromText } from "../record/text_line.ts";

/** What making lines needs of its surroundings. */
export interface LinesHost {
  readonly clock: Clock;
  /** The rank of the lowest level that is wanted. */
  threshold(): number;
  /** A transform threw. */
  transformFailed(error: unknown): void;
}

/** Makes the line of a record: level, transform, encode once. Undefined where one of the first says no. */
export class Lines {
  readonly #host: LinesHost;
  readonly #transform: ((record: LogRecord) => LogRecord | null) | undefined;
  readonly #encoder: LineEncoder;
  readonly #stampOf: (timeMs: number) => string = createStamps();

  constructor(
    transform: ((record: LogRecord) => LogRecord | null) | undefined,
    maxRecordBytes: number | undefined,
    host: LinesHost,
  ) {
    this.#host = host;
    this.#transform = transform;
    this.#encoder = createEncoder(maxRecordBytes === undefined ? {} : { maxRecordBytes });
  }

  /** The line of a logger's call, which has looked at the level. One encode if there is no transform. */
  ofCall(level: Level, msg: string, scope: LoggerScope, fields?: Fields): string | undefined {
    const timeMs = this.#host.clock.now();
    return this.#transform === undefined
      ? this.#encoder.line(level, timeMs, msg, scope, fields)
      : this.#of(recordFromCall(level, timeMs, msg, scope, fields));
  }

  /** The line of a record of our own. */
  ofOwn(level: Level, msg: string, fields: Fields): string | undefined {
    return this.#of(recordFromCall(level, this.#host.clock.now(), msg, NO_SCOPE, fields));
  }

  /**
   * The line of a record in any of its forms.
   *
   * @throws {SyntaxError} If bytes are not the JSON of a record
   * @throws {TypeError} If it is no record
   */
  ofInput(value: RecordInput | string | Uint8Array): string | undefined {
    const timeMs = this.#host.clock.now();
    if (typeof value === "string") {
      // Most lines of foreign programs are plain text, which needs no record to be made.
      if (this.#transform === undefined && !mayBeRecord(value)) {
        if (LEVEL_RANK.info < this.#host.threshold()) return undefined;
        return this.#encoder.line("info", timeMs, value, NO_SCOPE);
      }
      return this.#of(recordFromText(value, timeMs));
    }
    if (typeof value !== "object" || value === null) {
      throw new TypeError(
        "Invalid record: pass an object with a string msg, a line, or JSON bytes",
      );
    }
    if (value instanceof EncodedRecord) return this.#ofEncoded(value, timeMs);
    const input = value instanceof Uint8Array ? parseRecordBytes(value) : value;
    return this.#of(recordFromInput(input, timeMs, this.#stampOf));
  }

  #ofEncoded(value: EncodedRecord, timeMs: number): string | undefined {
    if (this.#transform !== undefined) {
      return this.#of(recordFromInput(value.plain(), timeMs, this.#stampOf));
    }
    if (LEVEL_RANK[value.level] < this.#host.threshold()) return undefined;
    return this.#encoder.encoded(value);
  }

  #of(record: LogRecord): string | undefined {
    if (LEVEL_RANK[record.level] < this.#host.threshold()) return undefined;
    const changed = this.#transform === undefined ? record : this.#transformed(record);
    return changed === null ? undefined : this.#encoder.record(changed);
  }

  /**
   * A redaction that failed, or that gave something that is no record, must not let the record through,
   * and nothing may go uncounted.
   */
  #transformed(record: LogRecord): LogRecord | null {
    try {
      const changed = this.#transform!(record);
      return changed === null ? null : recordFromInput(changed, this.#host.clock.now());
    } catch (error) {
      this.#host.transformFailed(error);
      const { time, level } = record;
      return { time, level, msg: "[record withheld: transform threw]" };
    }
  }
}
