import type { InputMark, LogNotice } from "../storage/store.ts";

/** So much of a segment's first line names inputs: the whole line must stay within what is believed. */
const MAX_PLACES_BYTES = 512 * 1024;

const encoder = new TextEncoder();

/** Notes the last place of an input; those that were noted longest ago come first. */
export function notePlace(places: Map<string, InputMark>, mark: InputMark): void {
  places.delete(mark.file);
  places.set(mark.file, mark);
}

/**
 * Forgets the places that were noted longest ago, until the others fit into a segment's first line. A
 * program that reads files of ever new names would otherwise write first lines without end.
 *
 * @returns How many were forgotten
 */
function forgetPlaces(places: Map<string, InputMark>): number {
  const sizes = [...places.values()].map((mark) => encoder.encode(JSON.stringify(mark)).length + 1);
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  let count = 0;
  for (const file of places.keys()) {
    if (bytes <= MAX_PLACES_BYTES) break;
    bytes -= sizes[count++]!;
    places.delete(file);
  }
  return count;
}

/**
 * The places of all inputs, as many as a segment's first line can name; tells of those that it forgets.
 *
 * @param label How the message calls the log
 */
export function placesToWrite(
  places: Map<string, InputMark>,
  label: string,
  tell: (notice: LogNotice) => void,
): readonly InputMark[] {
  const count = forgetPlaces(places);
  if (count > 0) {
    tell({
      kind: "limit",
      message: `The log in "${label}" knows the places of too many inputs: it forgot ` +
        `the ${count} that it heard of longest ago, which are read from their beginning next time`,
    });
  }
  return [...places.values()];
}
