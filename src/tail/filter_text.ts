/** Tells whether something holds for a text. */
export type TextTest = (text: string) => boolean;

/**
 * What JSON escapes without `\u`, or may escape: `"`, `\`, `/` and controls. How such a text looks in a
 * line is not certain.
 */
const MAY_BE_ESCAPED = /["\\/]|\p{Cc}/u;

/** What may be a part of a number as text, `Infinity` aside. */
const NUMBER_PART = /^[-+.\de]+$/i;

/** Numbers that JSON may write in another way than they are shown: with an exponent, tiny or very long. */
const ODD_NUMBER = /\d[eE][-+]?\d+(?=[,}\]\s]|$)|\d[\d.]{15}|0\.0{6}/;

/**
 * A test for a text in smart case: one that is all in lower case ignores case, character by character, so
 * that a part of a text never matches where the whole does not.
 */
export function textTest(wanted: string): TextTest {
  if (wanted !== wanted.toLowerCase() || wanted === wanted.toUpperCase()) {
    return (text) => text.includes(wanted);
  }
  const pattern = new RegExp(wanted.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "i");
  return (text) => pattern.test(text);
}

/**
 * A test of a line that is not parsed: true only if no name and no value in it passes `test`, which looks
 * for `wanted`. May well be false where none does.
 */
export function absenceTest(wanted: string, test: TextTest = textTest(wanted)): TextTest {
  if (MAY_BE_ESCAPED.test(wanted)) return () => false;
  const mayBeNumber = NUMBER_PART.test(wanted) || "-infinity".includes(wanted.toLowerCase());
  return (line) => !test(line) && !line.includes("\\u") && !(mayBeNumber && ODD_NUMBER.test(line));
}
