import { lineEnding } from "./scope.ts";
import { jsonPrefix, utf8Length } from "./utf8.ts";

/** The parts of a line, before they are put together. */
export interface LineParts {
  /** From the opening brace to the colon before the message. */
  readonly head: string;
  /** The message. */
  readonly msg: string;
  /** The origin as it stands in a line. */
  readonly suffix: string;
  /** The fields as JSON text; empty if there are none. */
  readonly fieldsJson: string;
}

/**
 * Puts a line together that takes at most `maxBytes` in UTF-8, LF included. Fields over half of the room
 * and an origin over a quarter of it are left out, then the message is cut at the border of a character;
 * `fields.truncated` says how many bytes each of them had.
 */
export function cutLine(parts: LineParts, maxBytes: number): string {
  const room = maxBytes - utf8Length(parts.head);
  const truncated: Record<string, number> = {};
  let { suffix, fieldsJson } = parts;
  const originBytes = utf8Length(suffix);
  if (originBytes > room / 4) {
    truncated.originalOriginBytes = originBytes;
    suffix = "";
  }
  const fieldsBytes = utf8Length(fieldsJson);
  if (fieldsBytes > room / 2) {
    truncated.originalFieldsBytes = fieldsBytes;
    fieldsJson = "";
  }
  return cutMessage({ ...parts, suffix, fieldsJson }, room, truncated);
}

function cutMessage(parts: LineParts, room: number, truncated: Record<string, number>): string {
  let ending = lineEnding(parts.suffix, markTruncated(parts.fieldsJson, truncated));
  let msg = jsonPrefix(parts.msg, room - utf8Length(ending) - 2);
  if (msg !== parts.msg) {
    truncated.originalBytes = utf8Length(parts.msg);
    ending = lineEnding(parts.suffix, markTruncated(parts.fieldsJson, truncated));
    msg = jsonPrefix(parts.msg, room - utf8Length(ending) - 2);
  }
  return parts.head + JSON.stringify(msg) + ending;
}

function markTruncated(fieldsJson: string, truncated: Record<string, number>): string {
  if (Object.keys(truncated).length === 0) return fieldsJson;
  const fields = (fieldsJson === "" ? {} : JSON.parse(fieldsJson)) as Record<string, unknown>;
  return JSON.stringify({ ...fields, truncated });
}
