import { cutLine, type LineParts } from "./cut.ts";
import type { EncodedRecord } from "./encoded_record.ts";
import { fieldsJson, fieldsSnapshot, isPlain, mergeFields } from "./fields.ts";
import { recordFromInput } from "./input.ts";
import type { Level } from "./level.ts";
import type { Fields, LogRecord } from "./record.ts";
import { lineEnding, type LoggerScope, originJson } from "./scope.ts";
import { isoTime } from "./time.ts";
import { utf8Length } from "./utf8.ts";

/** The longest record unless told otherwise. */
const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024;

/** Below this there is no room for the frame of a record and the marks of a cut. */
const MIN_RECORD_BYTES = 1024;

/** What forbids to put a text between quotes as it is; pairs of surrogates take the long way too. */
const NEEDS_ESCAPE = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** Options of {@linkcode createEncoder}. */
export interface EncoderOptions {
  /**
   * The longest line in bytes of UTF-8, LF included; a longer record is cut.
   *
   * @default {1048576}
   */
  readonly maxRecordBytes?: number;
}

/** Turns records into lines of JSON, each ended by LF and starting with `{"time":`. */
export interface LineEncoder {
  /**
   * Encodes one call of a logger. `timeMs` is milliseconds since 1970. Bound fields of the scope come
   * first, those of the call win where names are equal. Never throws.
   */
  line(level: Level, timeMs: number, msg: string, scope: LoggerScope, fields?: Fields): string;
  /** Puts the text of a record together. */
  encoded(record: EncodedRecord): string;
  /** Encodes a record. Never throws for a record whose parts have the types they should have. */
  record(record: LogRecord): string;
}

/**
 * Creates an encoder. It remembers the head of the last line, so that lines of one millisecond share it.
 *
 * @throws {RangeError} If `maxRecordBytes` is not an integer of at least 1024
 */
export function createEncoder(options: EncoderOptions = {}): LineEncoder {
  const maxBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < MIN_RECORD_BYTES) {
    throw new RangeError(
      `Invalid maxRecordBytes ${maxBytes}: use an integer of at least ${MIN_RECORD_BYTES}`,
    );
  }
  const headOf = createHeads();
  return {
    line(level, timeMs, msg, scope, fields) {
      const head = headOf(level, timeMs);
      const json = fields === undefined ? scope.fieldsJson : callFieldsJson(scope, fields);
      if (msg.length <= maxBytes) {
        const ending = fields === undefined ? scope.ending : lineEnding(scope.suffix, json);
        const line = head + quote(msg) + ending;
        if (fits(line, maxBytes)) return line;
      }
      return cutLine({ head, msg, suffix: scope.suffix, fieldsJson: json }, maxBytes);
    },
    encoded(record) {
      const { level, timeMs, msgJson, loggerJson, properties } = record.parts;
      // Few pieces: the line is kept as a tree of them until it is written.
      let line = headOf(level, timeMs) + msgJson;
      if (loggerJson !== "") line += ',"logger":' + loggerJson;
      line += properties === "" ? "}\n" : ',"fields":{' + properties + "}}\n";
      if (fits(line, maxBytes)) return line;
      return this.record(recordFromInput(record.plain(), timeMs));
    },
    record(record) {
      return assemble(
        {
          head: `{"time":${quote(record.time)},"level":${quote(record.level)},"msg":`,
          msg: record.msg,
          suffix: originJson(record),
          fieldsJson: record.fields === undefined ? "" : fieldsJson(record.fields),
        },
        maxBytes,
      );
    },
  };
}

function assemble(parts: LineParts, maxBytes: number): string {
  if (parts.msg.length <= maxBytes) {
    const line = parts.head + quote(parts.msg) + lineEnding(parts.suffix, parts.fieldsJson);
    if (fits(line, maxBytes)) return line;
  }
  return cutLine(parts, maxBytes);
}

/** Most lines are told apart by their length: a unit of a string takes at most three bytes. */
function fits(line: string, maxBytes: number): boolean {
  return line.length * 3 <= maxBytes || utf8Length(line) <= maxBytes;
}

function quote(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : '"' + text + '"';
}

/** Gives the part of a line before the message; the same text again for the same millisecond. */
function createHeads(): (level: Level, timeMs: number) => string {
  let lastMs = NaN;
  let lastLevel: Level | undefined;
  let stamp = "";
  let head = "";
  return (level, timeMs) => {
    if (timeMs === lastMs && level === lastLevel) return head;
    if (timeMs !== lastMs) stamp = '{"time":"' + isoTime(timeMs) + '","level":"';
    lastMs = timeMs;
    lastLevel = level;
    head = stamp + level + '","msg":';
    return head;
  };
}

/** The fields of a call over those of its scope, each name once. */
function callFieldsJson(scope: LoggerScope, fields: Fields): string {
  const bound = scope.fields;
  if (bound === undefined) return fieldsJson(fields);
  const own = isPlain(fields) ? fields : fieldsSnapshot(fields);
  if (sharesName(bound, own)) return fieldsJson(mergeFields(bound, own));
  const json = fieldsJson(own);
  return json === "{}" ? scope.fieldsJson : scope.fieldsJson.slice(0, -1) + "," + json.slice(1);
}

function sharesName(bound: Fields, own: Fields): boolean {
  try {
    for (const name in bound) if (Object.hasOwn(own, name)) return true;
    return false;
  } catch {
    // A proxy that does not tell its names: merging finds them out.
    return true;
  }
}
