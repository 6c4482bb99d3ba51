/** winston and LogTape, into a file. */
import { once } from "node:events";
import { join } from "node:path";
import { getFileSink } from "@logtape/file";
import { configure, dispose, getLogger, jsonLinesFormatter } from "@logtape/logtape";
import winston from "winston";
import { costOf, nextTurn, type Program, rates } from "../measure.ts";

const BURST_RECORDS = 1000;

/** winston's file transport, with its JSON format. */
export const winstonFile: Program = async (folder, count) => {
  const path = join(folder, "out");
  const transport = new winston.transports.File({ filename: path });
  const log = winston.createLogger({ format: winston.format.json(), transports: [transport] });
  const cost = await costOf(async () => {
    for (let order = 0; order < count; order++) {
      log.info("order placed", { order, total: 99.5 });
      if (order % BURST_RECORDS === BURST_RECORDS - 1) await nextTurn();
    }
    log.end();
    // The logger's own `finish` comes before the lines are in the file.
    await once(transport, "finish");
  });
  return { figures: rates(count, cost), holds: [{ path, lines: count }] };
};

/** LogTape's file sink; blocking, or from its own queue. */
function logtapeFile(nonBlocking: boolean): Program {
  return async (folder, count) => {
    const path = join(folder, "out");
    const sink = getFileSink(path, { formatter: jsonLinesFormatter, nonBlocking });
    await configure({
      reset: true,
      sinks: { file: sink },
      loggers: [
        { category: "shop", lowestLevel: "info", sinks: ["file"] },
        { category: ["logtape", "meta"], lowestLevel: "fatal", sinks: ["file"] },
      ],
    });
    const log = getLogger("shop");
    const cost = await costOf(async () => {
      for (let order = 0; order < count; order++) {
        log.info("order placed", { order, total: 99.5 });
        if (nonBlocking && order % BURST_RECORDS === BURST_RECORDS - 1) await nextTurn();
      }
      await dispose();
    });
    return { figures: rates(count, cost), holds: [{ path, lines: count }] };
  };
}

/** The programs by name. */
export const OTHER_PROGRAMS: Readonly<Record<string, Program>> = {
  "winston file": winstonFile,
  "LogTape file": logtapeFile(false),
  "LogTape file, non-blocking": logtapeFile(true),
};
