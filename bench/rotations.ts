/**
 * Lines lost and doubled over many rotations of a followed file, under load and with kills in between:
 * `deno run -A bench/rotations.ts [ROTATIONS]`, likewise with `bun` and `node`.
 *
 * @module
 */
import process from "node:process";
import { runRotations } from "../tests/support/rotation_run.ts";

const rotations = Number(process.argv[2] ?? 100);
const runs = [
  { way: "count", input: "logs/app.log", kills: 0 },
  { way: "count", input: "logs/app.log", kills: 5 },
  { way: "count", input: "logs/app.log*", kills: 5 },
  { way: "date", input: "logs/*.log", kills: 5 },
  // Nobody cuts a log four times a second: what is to be seen is that between the looks nothing is lost.
  { way: "copytruncate", input: "logs/app.log", kills: 0, pauseMs: 600 },
] as const;
for (const run of runs) {
  const { stderr, ...outcome } = await runRotations({ ...run, rotations, linesEach: 2_000 });
  console.log(JSON.stringify({ ...run, rotations, ...outcome }));
  if (process.env.SHOW === "1") console.log(stderr);
}
