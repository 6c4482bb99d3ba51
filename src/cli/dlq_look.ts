import type { DeadLetter } from "../delivery/dead_letter.ts";
import { letterTest } from "../delivery/dead_letter_filter.ts";
import { putLine } from "../delivery/dead_letter_form.ts";
import { readLetters } from "./dlq_folder.ts";
import type { DlqOptions } from "./dlq_options.ts";
import { bytesOfLetters, letterText, listText } from "./dlq_text.ts";
import { print, say } from "./say.ts";
import { UsageError } from "./usage_error.ts";
import { lineWriter } from "./wal_lines.ts";
import { outputMarks, plain } from "./wal_text.ts";

/** The entries that options ask for, read without a lock. */
export async function wantedLetters(options: DlqOptions): Promise<DeadLetter[]> {
  return chosenFrom(await readLetters(options.path), options);
}

function chosenFrom(letters: readonly DeadLetter[], { filter, limit }: DlqOptions): DeadLetter[] {
  return letters.filter(letterTest(filter)).slice(0, limit);
}

/** Tells which ids are not there. Answers how many. */
export function tellMissing(
  path: string,
  ids: readonly string[],
  held: { has(id: string): boolean },
): number {
  const missing = ids.filter((id) => !held.has(id));
  for (const id of missing) say(`There is no dead letter "${plain(id)}" in "${plain(path)}"`);
  return missing.length;
}

/** `logflume dlq ls`: which there are. Answers the exit code. */
export async function dlqLs(options: DlqOptions): Promise<number> {
  const { path, json } = options;
  const all = await readLetters(path);
  const letters = chosenFrom(all, options);
  const sums = { held: letters.length, total: all.length, bytes: bytesOfLetters(letters) };
  await print(
    json
      ? JSON.stringify({ label: path, ...sums, letters }) + "\n"
      : listText({ path, letters, held: all.length }, outputMarks()),
  );
  return 0;
}

/** `logflume dlq show`: everything about some. Answers the exit code: 1 if one is not there. */
export async function dlqShow({ path, names, json }: DlqOptions): Promise<number> {
  if (names.length === 0) {
    throw new UsageError("No dead letter is named: use the ids that logflume dlq ls shows");
  }
  const held = new Map((await readLetters(path)).map((letter) => [letter.id, letter]));
  const found = names.flatMap((id) => held.get(id) ?? []);
  const marks = outputMarks();
  await print(
    json
      ? found.map(putLine).join("")
      : found.map((letter) => letterText(letter, marks)).join("\n"),
  );
  return tellMissing(path, names, held) > 0 ? 1 : 0;
}

/** `logflume dlq export`: as NDJSON. Answers the exit code. */
export async function dlqExport(options: DlqOptions): Promise<number> {
  const writer = lineWriter(undefined, false);
  for (const letter of await wantedLetters(options)) await writer.put(putLine(letter));
  await writer.flush();
  return 0;
}
