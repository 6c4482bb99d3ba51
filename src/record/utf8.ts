/** Counts the bytes of a text in UTF-8. A lone surrogate counts 3, as the U+FFFD it becomes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (isPair(text, at)) {
      // Four bytes for two units.
      bytes += 2;
      at++;
    } else bytes += 2;
  }
  return bytes;
}

/**
 * Gives the longest start of a text whose JSON form, without the quotes, takes at most `maxBytes` in
 * UTF-8. A pair of surrogates is never parted.
 */
export function jsonPrefix(text: string, maxBytes: number): string {
  let left = maxBytes;
  let at = 0;
  while (at < text.length) {
    const units = isPair(text, at) ? 2 : 1;
    left -= units === 2 ? 4 : jsonBytes(text.charCodeAt(at));
    if (left < 0) break;
    at += units;
  }
  return at >= text.length ? text : text.slice(0, at);
}

/** The bytes that `JSON.stringify` needs for one unit that is no pair. */
function jsonBytes(unit: number): number {
  if (unit < 0x20) return "\b\t\n\f\r".includes(String.fromCharCode(unit)) ? 2 : 6;
  if (unit === 0x22 || unit === 0x5c) return 2;
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return unit >= 0xd800 && unit <= 0xdfff ? 6 : 3;
}

function isPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 &&
    (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}
