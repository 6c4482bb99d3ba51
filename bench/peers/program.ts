/**
 * One program of the comparison in a process of its own: `program.ts NAME COUNT FOLDER [cold]`. Does the
 * work twice, first a tenth of it that does not count, so that the engine has compiled what it wants to,
 * unless it is asked to begin cold. Tells what it measured as one line of JSON.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Program } from "./measure.ts";

/** Where each program is, loaded only when it runs: what others import must not slow it down. */
const LOADERS: Readonly<Record<string, () => Promise<Program | undefined>>> = {
  "bare file": async () => (await import("./programs/bare.ts")).bareFile,
  "bare lines": async () => (await import("./programs/bare.ts")).bareLines,
  "bare pipeline": async () => (await import("./programs/bare.ts")).barePipeline,
  "denque": async () => (await import("./programs/rings.ts")).ringDenque,
  "LogTape calls": async () => (await import("./programs/calls.ts")).callsLogtape,
  "nothing paced": async () => (await import("./programs/paced.ts")).pacedIdle,
  "ours 1 logger": async () => (await import("./programs/growth.ts")).loggersOurs(1),
  "ours 100 loggers": async () => (await import("./programs/growth.ts")).loggersOurs(100),
  "ours alone": async () => (await import("./programs/paced.ts")).alonePaced,
  "ours append": async () => (await import("./programs/stress.ts")).stressAppend,
  "ours calls": async () => (await import("./programs/calls.ts")).callsOurs,
  "ours dead": async () => (await import("./programs/dead_sink.ts")).deadOurs,
  "ours dead, drop-newest": async () =>
    (await import("./programs/dead_sink.ts")).deadDropping("drop-newest"),
  "ours dead, drop-oldest": async () =>
    (await import("./programs/dead_sink.ts")).deadDropping("drop-oldest"),
  "ours file": async () => (await import("./programs/file_writer.ts")).fileOurs,
  "ours growth": async () => (await import("./programs/growth.ts")).growthOurs,
  "ours lines block": async () => (await import("./programs/file_writer.ts")).linesOurs("block"),
  "ours lines mapped": async () => (await import("./programs/file_writer.ts")).linesOurs("mapped"),
  "ours paced": async () => (await import("./programs/paced.ts")).pacedOurs,
  "ours pipeline": async () => (await import("./programs/pipeline.ts")).pipelineOurs,
  "ours logs async": async () => (await import("./programs/stress.ts")).stressLogs("async"),
  "ours logs sync": async () => (await import("./programs/stress.ts")).stressLogs("sync"),
  "ours pino": async () => (await import("./programs/pino_adapter.ts")).pinoDurable,
  "ours pino, in memory": async () => (await import("./programs/pino_adapter.ts")).pinoInMemory,
  "ours ring": async () => (await import("./programs/rings.ts")).ringOurs,
  "pino calls": async () => (await import("./programs/calls.ts")).callsPino,
  "pino dead": async () => (await import("./programs/dead_sink.ts")).deadPino,
  "pino paced": async () => (await import("./programs/paced.ts")).pacedPino,
  "winston dead": async () => (await import("./programs/dead_sink.ts")).deadWinston,
};

/** Programs of the parts that deliver, by the file that holds them. */
const DELIVERY: readonly {
  readonly names: readonly string[];
  readonly load: () => Promise<Readonly<Record<string, Program>>>;
}[] = [
  {
    names: [
      "bare await",
      "cockatiel breaker",
      "cockatiel retry",
      "opossum",
      "ours execute",
      "ours permit",
      "ours retry",
      "p-retry",
    ],
    load: async () => (await import("./programs/guards.ts")).GUARD_PROGRAMS,
  },
  {
    names: ["fastq promise", "ours post", "ours submit", "ours submit with a timeout", "p-queue"],
    load: async () => (await import("./programs/pools.ts")).POOL_PROGRAMS,
  },
  {
    names: [
      "ours 1 lane",
      "ours 64 lanes",
      "ours batches of 10",
      "ours batches of 10, promised",
      "ours batches of 1000",
    ],
    load: async () => (await import("./programs/lanes.ts")).LANE_PROGRAMS,
  },
];

async function loadDelivery(name: string): Promise<Program | undefined> {
  return (await DELIVERY.find(({ names }) => names.includes(name))?.load())?.[name];
}

/** Programs of which there are many alike. */
async function loadOther(name: string): Promise<Program | undefined> {
  if (name.startsWith("pino ")) return (await import("./programs/pino.ts")).PINO_PROGRAMS[name];
  if (!name.startsWith("ours ")) return (await import("./programs/others.ts")).OTHER_PROGRAMS[name];
  const { STRESS_PROGRAMS } = await import("./programs/file_writer.ts");
  return STRESS_PROGRAMS[name];
}

const [name = "", count = "0", folder = ".", temperature] = process.argv.slice(2);
// A program that waits for a thread alone would end.
setInterval(() => {}, 2 ** 30);
const program = await (LOADERS[name]?.()) ?? await loadDelivery(name) ??
  await loadOther(name);
if (program === undefined) throw new Error(`Unknown program "${name}"`);
if (temperature !== "cold") {
  mkdirSync(join(folder, "warm"));
  await program(join(folder, "warm"), Math.ceil(Number(count) / 10));
}
console.log(JSON.stringify(await program(folder, Number(count))));
// What is left open, such as a thread, must not hold the comparison up.
process.exit(0);
