import { type SeededRandom, seededRandom } from "../../src/testing/random.ts";

/** Text to cut payloads from, with what a reader of frames might stumble over. */
const TEXT = makeText();

function makeText(): string {
  const random = seededRandom(1);
  const words = ["x", "log", "ä", "€", "😀", '{\\"$\\":\\"frame\\",', "\\n", "\\u0000", " ", "0"];
  const parts: string[] = [];
  // Only what is repeated is kept as one text: to cut a long one that still grows would copy it each time.
  let head = "";
  for (let length = 0; length < 1_300_000;) {
    const part = random.pick(words) + head.slice(0, random.below(4000));
    parts.push(part);
    length += part.length;
    if (head.length < 4000) head += part;
  }
  // Without the halves of pairs that cutting left: they do not survive being encoded.
  return new TextDecoder().decode(new TextEncoder().encode(parts.join("")));
}

/** Some text of so many characters, less what cutting would leave of a pair. */
export function anyText(random: SeededRandom, length: number): string {
  const at = random.below(TEXT.length - length);
  return TEXT.slice(at, at + length).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
}
