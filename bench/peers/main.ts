/**
 * Our loggers, or with `--table delivery` our parts that deliver, beside those of others, on Deno, Bun and
 * Node:
 *
 *     deno run -A bench/peers/main.ts [--table loggers|delivery] [--quick] [--only ROW,...] [--runtimes deno,bun,node]
 *                                     [--rounds N] [--json FILE] [--chart FILE.svg]
 *
 * Every program is a process of its own, warmed up; the programs of a row take turns (A B C A B C ...), and
 * every figure is the median of the rounds with the least and the greatest. A program whose file does not
 * hold each line is called wrong. The files go to `LOGFLUME_BENCH_DIR`, or to the folder of temporary files,
 * which should be on a disk.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { drawChart } from "./chart.ts";
import { DELIVERY_ROWS } from "./delivery_rows.ts";
import { type Row, ROWS } from "./rows.ts";
import { type Outcome, runProgram } from "./run_program.ts";
import { findRuntime, type Runtime } from "./runtimes.ts";
import { judge, type RowResult, sumUp } from "./summary.ts";
import { goalTable, rowTable } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    table: { type: "string", default: "loggers" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    runtimes: { type: "string", default: "deno,bun,node" },
    rounds: { type: "string" },
    json: { type: "string" },
    chart: { type: "string" },
  },
});

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
/** A quick run does this part of the work. */
const QUICK_SHARE = 0.2;

const TABLES: Readonly<Record<string, readonly Row[]>> = { loggers: ROWS, delivery: DELIVERY_ROWS };

function wantedRows(table: string, only: string | undefined): readonly Row[] {
  const rows = TABLES[table];
  if (rows === undefined) {
    throw new Error(`Unknown table "${table}": allowed are ${Object.keys(TABLES).join(", ")}`);
  }
  if (only === undefined) return rows;
  return only.split(",").map((id) => {
    const row = rows.find((one) => one.id === id);
    if (row !== undefined) return row;
    throw new Error(`Unknown row "${id}": allowed are ${rows.map((one) => one.id).join(", ")}`);
  });
}

async function runRow(row: Row, runtime: Runtime, root: string): Promise<RowResult> {
  const { id, title } = runtime;
  const rounds = Number(options.rounds ?? (options.quick ? QUICK_ROUNDS : ROUNDS));
  const outcomes: Outcome[][] = row.columns.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { program: name, share = 1, notOn = [] }] of row.columns.entries()) {
      // One that was wrong is wrong: the next rounds need not wait for it.
      if (notOn.includes(id) || outcomes[i]!.some((outcome) => "wrong" in outcome)) continue;
      const count = Math.ceil(row.count * share * (options.quick ? QUICK_SHARE : 1));
      const task = { name, count, cold: row.cold === true };
      outcomes[i]!.push(await runProgram(runtime, task, root));
    }
  }
  const columns = row.columns.map((column, i) => sumUp(row, column, outcomes[i]!));
  return { row, id, runtime: title, columns, verdicts: judge(row, id, columns) };
}

function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const where = `${cpus().length} × ${first?.model ?? "?"}, ${memory} GiB`;
  return `${where}, ${platform()} ${arch()}, ${new Date().toISOString().slice(0, 10)}`;
}

const root = mkdtempSync(join(process.env.LOGFLUME_BENCH_DIR ?? tmpdir(), "logflume-peers-"));
const results: RowResult[] = [];
try {
  const runtimes = options.runtimes.split(",").map(findRuntime);
  console.log(`${machine()}\n${runtimes.map(({ title }) => title).join(", ")}\n`);
  for (const row of wantedRows(options.table, options.only)) {
    const ofRow: RowResult[] = [];
    for (const runtime of runtimes) ofRow.push(await runRow(row, runtime, root));
    console.log(rowTable(ofRow) + "\n");
    results.push(...ofRow);
  }
  console.log(goalTable(results));
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ machine: machine(), results }, null, 2));
  }
  if (options.chart !== undefined) writeFileSync(options.chart, drawChart(results, machine()));
} finally {
  rmSync(root, { recursive: true, force: true });
}
