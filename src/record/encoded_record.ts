import type { Level } from "./level.ts";
import type { Fields, RecordInput } from "./record.ts";

/** The parts of a record as they stand in a line. */
export interface EncodedParts {
  /** The severity. */
  readonly level: Level;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** The message, a JSON text with its quotes. */
  readonly msgJson: string;
  /** The name of the logger, the same way; empty if there is none. */
  readonly loggerJson: string;
  /** The properties of the fields, the text of a JSON object without its braces. */
  readonly properties: string;
}

/**
 * A record whose parts are JSON text already, so that an encoder has only to put them together. Whoever
 * makes one answers for the text: valid, on one line, each name of the fields once. It can be used as any
 * other record.
 */
export class EncodedRecord implements RecordInput {
  /** The parts as text. */
  readonly parts: EncodedParts;

  constructor(parts: EncodedParts) {
    this.parts = parts;
  }

  get level(): Level {
    return this.parts.level;
  }

  get time(): number {
    return this.parts.timeMs;
  }

  get msg(): string {
    return JSON.parse(this.parts.msgJson) as string;
  }

  get fields(): Fields {
    return JSON.parse("{" + this.parts.properties + "}") as Fields;
  }

  /** The same as a plain object. */
  plain(): RecordInput {
    const { loggerJson, properties } = this.parts;
    return {
      level: this.level,
      time: this.time,
      msg: this.msg,
      ...(loggerJson === "" ? {} : { logger: JSON.parse(loggerJson) as string }),
      ...(properties === "" ? {} : { fields: this.fields }),
    };
  }
}
