/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or the date of HTTP.
 *
 * @param value The header, or nothing if the answer had none
 * @param nowMs Milliseconds since 1970, to count a date from
 * @returns Milliseconds to wait, 0 for a date that has passed; `undefined` if the header says nothing
 *   that can be understood
 *
 * @example
 * ```ts
 * import { parseRetryAfter } from "@logflume/logflume/retry";
 *
 * console.assert(parseRetryAfter("120", Date.now()) === 120_000);
 * console.assert(parseRetryAfter("soon", Date.now()) === undefined);
 * ```
 */
export function parseRetryAfter(
  value: string | null | undefined,
  nowMs: number,
): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse takes much that is no date of HTTP, such as "1.5" and "-3".
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
