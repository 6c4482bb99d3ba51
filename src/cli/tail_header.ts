import { UsageError } from "./usage_error.ts";

type Header = readonly [name: string, value: string];

/** A token of HTTP (RFC 9110, section 5.6.2), and a value without what could end the line. */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/**
 * A header as people write it, `name: value`. Messages never show the value, which may be a secret.
 *
 * @throws {UsageError} If it is none
 */
export function parseHeader(text: string): Header {
  const [, name, value] = HEADER.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(
      'A --header is not a name, a colon and a value: use for example --header "authorization: Bearer TOKEN"',
    );
  }
  return [name, value.trimEnd()];
}

/** Whether a header of that name, in lower case, is among them. */
export function hasHeader(headers: readonly Header[], name: string): boolean {
  return headers.some(([own]) => own.toLowerCase() === name);
}
