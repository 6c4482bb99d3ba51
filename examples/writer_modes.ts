/**
 * What of a line is in the file when, by strategy and mode of the writer. A third strategy, "mapped",
 * copies lines into a mapping of the file (Deno with --allow-ffi, Bun).
 *
 *     deno run -A examples/writer_modes.ts [FOLDER]
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { openFileWriter, type WriterMode, type WriterStrategy } from "@logflume/logflume/sink/file";

const folder = process.argv[2] ?? "example-logs/modes";
const strategies: WriterStrategy[] = ["line", "block"];
// Full blocks at once, and the rest: when the event loop turns; every tickMs; when you say so.
const modes: WriterMode[] = ["trigger", "loop", "manual"];

for (const strategy of strategies) {
  for (const mode of modes) {
    const path = `${folder}/${strategy}_${mode}.log`;
    await using writer = openFileWriter(path, { strategy, mode, tickMs: 10_000 });
    const before = readFileSync(path).length;
    const isWritten = () => readFileSync(path).length > before ? "yes" : "no";

    writer.send("order placed");
    const sent = isWritten();
    await setImmediate();
    const turned = isWritten();
    // In any mode: everything now. `await writer.sync()` makes it survive a power cut as well.
    writer.trigger();
    console.log(
      `${strategy} ${mode}: after send ${sent}, after a turn ${turned}, after trigger ${isWritten()}`,
    );
  }
}
