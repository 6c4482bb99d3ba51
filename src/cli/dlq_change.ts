import * as fs from "node:fs";
import process from "node:process";
import { codeOf } from "../errors.ts";
import { changeLetters } from "./dlq_folder.ts";
import { tellMissing, wantedLetters } from "./dlq_look.ts";
import type { DlqOptions } from "./dlq_options.ts";
import { lettersText } from "./dlq_text.ts";
import { print } from "./say.ts";
import { UsageError } from "./usage_error.ts";

/** `logflume dlq rm`: removes entries. Answers the exit code. */
export async function dlqRm(options: DlqOptions): Promise<number> {
  const { path, names, filter, all, dryRun, json } = options;
  const isFiltered = Object.keys(filter).length > 0;
  if ([names.length > 0, isFiltered, all].filter(Boolean).length !== 1) {
    throw new UsageError(
      "Nothing says which dead letters to remove: use either ids, or filters such as --lane, or --all",
    );
  }
  // What is removed by a filter is chosen under the lock; these only say what there is to remove.
  const held = new Set((await wantedLetters(options)).map(({ id }) => id));
  const ids = new Set(names.length > 0 ? names.filter((id) => held.has(id)) : held);
  const removed = dryRun
    ? ids.size
    : await changeLetters(path, (letters) => letters.remove(names.length > 0 ? [...ids] : filter));
  const does = dryRun ? "would be removed" : "removed";
  await print(
    json ? JSON.stringify({ removed, dryRun }) + "\n" : `${lettersText(removed)} ${does}\n`,
  );
  return tellMissing(path, names, held) > 0 ? 1 : 0;
}

/** `logflume dlq import`: takes exported entries in. Answers the exit code. */
export async function dlqImport({ path, names: [file], json }: DlqOptions): Promise<number> {
  const bytes: AsyncIterable<Uint8Array> = file === undefined || file === "-"
    ? process.stdin
    : fs.createReadStream(fileToRead(file));
  const report = await changeLetters(path, async (letters) => {
    try {
      return await letters.importFrom(bytes);
    } catch (error) {
      throw error instanceof SyntaxError ? new UsageError(error.message, { cause: error }) : error;
    }
  });
  await print(
    json
      ? JSON.stringify(report) + "\n"
      : `${lettersText(report.added)} imported, ${report.updated} updated\n`,
  );
  return 0;
}

function fileToRead(path: string): string {
  try {
    fs.closeSync(fs.openSync(path, "r"));
    return path;
  } catch (error) {
    throw new UsageError(`Cannot read the file "${path}": ${codeOf(error) || String(error)}`, {
      cause: error,
    });
  }
}
