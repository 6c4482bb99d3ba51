/**
 * The process whose end the tests of the file writer look at: sends numbered lines, says how many were
 * taken, and ends in the way it was told, without `close()`.
 */
import process from "node:process";
import { type FileWriter, type FileWriterOptions, openFileWriter } from "../../src/sink/file.ts";
import { numbered } from "./numbered.ts";
import { say, scriptArgument } from "./spawn.ts";

/** How the process ends. */
export type WriterEnd =
  | "normal end"
  | "process.exit"
  | "Deno.exit"
  | "uncaught error"
  | "unhandled rejection"
  | "a line in an exit listener"
  | "SIGHUP";

/** What the process is to do. */
export interface WriterTask {
  readonly path: string;
  readonly options: FileWriterOptions;
  readonly end: WriterEnd;
  readonly count: number;
}

const ENDS: Readonly<Record<WriterEnd, (writer: FileWriter, count: number) => void>> = {
  "normal end": () => {},
  "process.exit": () => process.exit(0),
  "Deno.exit": () => (globalThis as unknown as { Deno: { exit(): void } }).Deno.exit(),
  "uncaught error": () => {
    throw new Error("boom");
  },
  "unhandled rejection": () => void Promise.reject(new Error("boom")),
  "a line in an exit listener": (writer, count) => {
    // Listeners are called in their order: this one comes after the writer's.
    process.on("exit", () => writer.send(numbered(count)));
    process.exit(0);
  },
  "SIGHUP": sendUntilAsked,
};

/** Sends a line each time that the test writes one; `hangup` comes to itself. */
async function sendUntilAsked(writer: FileWriter, count: number): Promise<void> {
  let next = count;
  process.on("SIGHUP", () => say("hangup"));
  say("ready");
  for await (const _ of process.stdin) {
    writer.send(numbered(next++));
    writer.trigger();
    say(`sent ${next}`);
  }
  process.exit(0);
}

const { path, options, end, count } = scriptArgument() as WriterTask;
const writer = openFileWriter(path, options);
for (let n = 0; n < count; n++) {
  if (!writer.send(numbered(n))) throw new Error(`Line ${n} was refused`);
}
// From a callback an error is an uncaught one and does not only reject the main module.
if (end === "uncaught error") setTimeout(() => ENDS[end](writer, count), 0);
else ENDS[end](writer, count);
