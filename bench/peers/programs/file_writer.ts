/** Our file writers: records through `init`, ready-made lines through `openFileWriter`. */
import { join } from "node:path";
import {
  init,
  openFileWriter,
  type WriterMode,
  type WriterStrategy,
} from "../../../src/sink/file.ts";
import { costOf, nextTurn, type Program, rates } from "../measure.ts";
import { readyLines } from "./bare.ts";

/** Lines between two turns of the event loop, or two triggers. */
const BURST_LINES = 1000;

/** `log.info` with two fields, a write each 64 KiB. */
export const fileOurs: Program = async (folder, count) => {
  const path = join(folder, "out");
  const log = init(path, { strategy: "block" });
  const cost = await costOf(async () => {
    for (let order = 0; order < count; order++) log.info("order placed", { order, total: 99.5 });
    await log.close();
  });
  return { figures: rates(count, cost), holds: [{ path, lines: count }] };
};

/** Ready-made lines of 100 bytes. */
export function linesOurs(strategy: "block" | "mapped"): Program {
  return async (folder, count) => {
    const path = join(folder, "out");
    const lines = readyLines();
    const writer = openFileWriter(path, { strategy });
    const cost = await costOf(async () => {
      for (let i = 0; i < count; i++) writer.send(lines[i % lines.length]!);
      await writer.close();
    });
    return { figures: rates(count, cost), holds: [{ path, lines: count }] };
  };
}

/** Lines into a writer with one strategy and one mode; `manual` is triggered after each burst. */
function stressWriter(strategy: WriterStrategy, mode: WriterMode): Program {
  return async (folder, count) => {
    const path = join(folder, "out");
    const writer = openFileWriter(path, { strategy, mode });
    const cost = await costOf(async () => {
      for (let i = 0; i < count; i++) {
        if (!writer.send(`line ${i}`)) throw new Error(`Line ${i} was refused`);
        if (i % BURST_LINES !== BURST_LINES - 1) continue;
        if (mode === "manual") writer.trigger();
        else await nextTurn();
      }
      await writer.close();
    });
    return { figures: rates(count, cost), holds: [{ path, lines: count }] };
  };
}

const STRATEGIES: readonly WriterStrategy[] = ["line", "block", "mapped"];
const MODES: readonly WriterMode[] = ["trigger", "loop", "manual"];

/** Each strategy in each mode, by name. */
export const STRESS_PROGRAMS: Readonly<Record<string, Program>> = Object.fromEntries(
  STRATEGIES.flatMap((strategy) =>
    MODES.map((mode) => [`ours ${strategy} ${mode}`, stressWriter(strategy, mode)])
  ),
);
