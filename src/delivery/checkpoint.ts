import { utf8Length } from "../record/utf8.ts";
import type { Sink } from "../sink/sink.ts";

/** The cursors of all lanes are stored in one write, in which each checkpoint takes its part. */
const MAX_BYTES = 256;
const MAX_BYTES_A_CHAR = 3;

/**
 * What a sink wants to be reminded of, so that no sink keeps the places of other lanes from being stored.
 *
 * @throws {RangeError} If it is no text, or a longer one than a cursor holds
 */
export function checkpointOf(sink: Sink): string | undefined {
  const text: unknown = sink.checkpoint?.();
  if (text === undefined || text === null) return undefined;
  if (typeof text !== "string") throw wrong(`a ${typeof text}`);
  if (text.length * MAX_BYTES_A_CHAR <= MAX_BYTES) return text;
  const length = utf8Length(text);
  if (length > MAX_BYTES) throw wrong(`${length} bytes long`);
  return text;
}

function wrong(what: string): RangeError {
  return new RangeError(
    `The sink's checkpoint is ${what}: allowed are texts of at most ${MAX_BYTES} bytes`,
  );
}
