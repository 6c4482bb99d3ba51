import type { DeadLetter } from "./dead_letter.ts";
import { eventOf } from "./dead_letter_form.ts";
import { compareAge } from "./dead_letter_index.ts";

/** The entries that the lines of a log tell of, the oldest first, for who only looks at it. */
export async function heldLetters(lines: AsyncIterable<string>): Promise<DeadLetter[]> {
  const held = new Map<string, DeadLetter>();
  for await (const line of lines) {
    const event = eventOf(line);
    if (event?.kind === "put") held.set(event.letter.id, event.letter);
    else event?.ids.forEach((id) => held.delete(id));
  }
  const aged = [...held.values()].map((letter) => ({
    letter,
    id: letter.id,
    seq: letter.seq,
    firstFailedMs: Date.parse(letter.firstFailed),
  }));
  return aged.sort(compareAge).map(({ letter }) => letter);
}
