import { cutRecord } from "./cut_record.ts";

/** The line as it goes over the wire: cut, and marked with its size, if it has more than `maxBytes`. */
export function cutLine(line: string, maxBytes: number): string {
  // A UTF-16 unit is at most three bytes: most lines are known to fit without being encoded.
  if (line.length * 3 <= maxBytes) return line;
  const bytes = new TextEncoder().encode(line + "\n");
  if (bytes.length - 1 <= maxBytes) return line;
  return new TextDecoder().decode(cutRecord(bytes, maxBytes + 1)).slice(0, -1);
}
