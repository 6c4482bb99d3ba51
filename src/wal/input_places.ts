import type { InputMark } from "../storage/store.ts";

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
export function forgetPlaces(places: Map<string, InputMark>): number {
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
