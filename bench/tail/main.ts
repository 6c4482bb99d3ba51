/**
 * The live tail under load, on Deno, Bun and Node: our tail, a bare loop that sends one joined frame each
 * 50 ms, and one that sends each line to each client:
 *
 *     deno run -A bench/tail/main.ts [--runtime deno,bun,node] [--quick] [--rounds N] [--only TEXT]
 *                                    [--json FILE]
 *
 * Server and clients are processes of their own, new for each figure; the clients run on Node, whatever the
 * server runs on. A line's latency begins when it was due, so a loop that stalls cannot hide it. The cells
 * take turns, and every figure is the median of the rounds, with the least and the greatest. `--only` takes
 * the cells whose name has this text.
 */
import { writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { parseArgs } from "node:util";
import { findRuntime, type Runtime } from "../peers/runtimes.ts";
import { CELLS, GOALS, type Round } from "./cells.ts";
import { type CellReport, runCell } from "./run_cell.ts";
import { cellTable, goalTable } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    runtime: { type: "string", default: "deno,bun,node" },
    quick: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const time = options.quick ? { seconds: 2, warmUpSeconds: 1 } : { seconds: 5, warmUpSeconds: 3 };
const cells = CELLS.filter(({ id }) => id.includes(options.only));

async function runRound(runtime: Runtime, clientRuntime: Runtime): Promise<Round> {
  const reports = new Map<string, CellReport>();
  for (const cell of cells) {
    reports.set(cell.id, await runCell(cell, runtime, clientRuntime, time));
  }
  return reports;
}

const clientRuntime = findRuntime("node");
const results = [];
console.log(
  `${cpus().length} × ${
    cpus()[0]?.model ?? "?"
  }, ${platform()} ${arch()}, ${time.seconds} s a figure, ` +
    `${options.rounds} rounds, clients on ${clientRuntime.title}\n`,
);
for (const runtime of options.runtime.split(",").map(findRuntime)) {
  const rounds: Round[] = [];
  for (let i = 0; i < Number(options.rounds); i++) {
    rounds.push(await runRound(runtime, clientRuntime));
  }
  console.log(`${cellTable(runtime, cells, rounds)}\n\n${goalTable(runtime, GOALS, rounds)}\n`);
  results.push({
    runtime: runtime.title,
    rounds: rounds.map((round) => Object.fromEntries(round)),
  });
}
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(results, null, 2));
