import fc from "fast-check";

/** Code points before the surrogates, which are none by themselves, and how many those are. */
const BEFORE = 0xd800;
const SURROGATES = 0x800;

/**
 * Any code point. Like fast-check's own unit "binary" down to the values of a seed; but that one makes a
 * map of the 1,112,064 code points to find out which string it could have made, half a second of each
 * test's time.
 */
export const codePoint: fc.Arbitrary<string> = fc.nat({ max: 0x10ffff - SURROGATES }).map(
  (index) => String.fromCodePoint(index < BEFORE ? index : index + SURROGATES),
  (text) => {
    if (typeof text !== "string" || !/^[^]$/u.test(text) || !text.isWellFormed()) {
      throw new Error("This is not one code point");
    }
    const code = text.codePointAt(0)!;
    return code < BEFORE ? code : code - SURROGATES;
  },
);

/** Text of any code points, with the names that are special in JavaScript among it. */
export function unicodeText(
  length: Pick<fc.StringConstraints, "minLength" | "maxLength"> = {},
): fc.Arbitrary<string> {
  return fc.string({ ...length, unit: codePoint });
}
