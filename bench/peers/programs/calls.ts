/** What a call costs whose level is not wanted, and one whose record goes nowhere. */
import process from "node:process";
import { configure, getLogger } from "@logtape/logtape";
import { pino } from "pino";
import { openPipeline } from "../../../mod.ts";
import { nextTurn, type Program } from "../measure.ts";
import { PINO_OPTIONS } from "./pino.ts";

/** Calls between two turns of the event loop: what is taken has to go somewhere. */
const BURST = 1000;

type Call = (order: number) => void;

/** Calls `count` times, in bursts; nanoseconds of the processor a call. */
async function cpuNsOf(count: number, call: Call): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < count;) {
    for (const end = i + BURST; i < end; i++) call(i);
    await nextTurn();
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}

/** Nanoseconds a call without letting anything else run. */
function nsOf(count: number, call: Call): number {
  const begin = performance.now();
  for (let i = 0; i < count; i++) call(i);
  return ((performance.now() - begin) * 1e6) / count;
}

async function both(count: number, disabled: Call, enabled: Call): ReturnType<Program> {
  // The loop alone is part of neither.
  const loop = nsOf(count * 10, () => {});
  const disabledNs = Math.max(0, nsOf(count * 10, disabled) - loop);
  return { figures: { disabledNs, enabledNs: await cpuNsOf(count, enabled) } };
}

/** Our pipeline without a sink: the record is encoded and kept for the tail and for history. */
export const callsOurs: Program = async (_folder, count) => {
  const pipeline = await openPipeline({ sinks: {}, level: "info" });
  const log = pipeline.logger();
  const measured = await both(
    count,
    () => log.debug("order placed"),
    (order) => log.info("order placed", { order, total: 99.5 }),
  );
  await pipeline.close();
  return measured;
};

/** pino with a destination that does nothing: the record is encoded and thrown away. */
export const callsPino: Program = (_folder, count) => {
  const log = pino({ ...PINO_OPTIONS, level: "info" }, { write: () => {} });
  return both(
    count,
    () => log.debug("order placed"),
    (order) => log.info({ order, total: 99.5 }, "order placed"),
  );
};

/** LogTape with a sink that does nothing: the record is made, and not encoded. */
export const callsLogtape: Program = async (_folder, count) => {
  await configure({
    reset: true,
    sinks: { none: () => {} },
    loggers: [
      { category: "shop", lowestLevel: "info", sinks: ["none"] },
      { category: ["logtape", "meta"], lowestLevel: "fatal", sinks: ["none"] },
    ],
  });
  const log = getLogger("shop");
  return await both(
    count,
    () => log.debug("order placed"),
    (order) => log.info("order placed", { order, total: 99.5 }),
  );
};
