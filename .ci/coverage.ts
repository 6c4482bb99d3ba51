/**
 * Runs the tests on Deno with coverage and fails below a floor: `deno run -A .ci/coverage.ts 85`.
 *
 * Processes that the tests start report too. One that a test kills may leave half a report, which
 * counts for nothing, so the figure is a lower bound.
 */
import { stripVTControlCharacters } from "node:util";

const floor = Number(Deno.args[0]);
const folder = await Deno.makeTempDir();

async function run(args: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" });
  const { success, stdout } = await command.output();
  const text = new TextDecoder().decode(stdout);
  if (!success) {
    console.error(`deno ${args.join(" ")} failed:\n${withoutPassed(text)}`);
    throw new Error(`deno ${args[0]} failed: its output stands above`);
  }
  return text;
}

/** The output of a test run without the lines of tests that passed or were left out. */
function withoutPassed(output: string): string {
  const plain = stripVTControlCharacters(output);
  return plain.split("\n").filter((line) => !/\.\.\. (ok|ignored) \(/.test(line)).join("\n");
}

/** Removes the reports that a killed process did not finish: the reporter fails on them. */
async function dropUnfinished(): Promise<void> {
  let dropped = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    try {
      JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      await Deno.remove(`${folder}/${name}`);
      dropped++;
    }
  }
  if (dropped > 0) console.log(`Left out ${dropped} reports that killed processes did not finish`);
}

await run(["test", "-A", "--no-check", "--parallel", `--coverage=${folder}`, "tests/"]);
await dropUnfinished();
const lcov = await run(["coverage", "--lcov", "--include=/src/", folder]);
await Deno.remove(folder, { recursive: true });

let lines = 0;
let hit = 0;
const low: string[] = [];
for (const file of lcov.split("end_of_record")) {
  const found = Number(/^LF:(\d+)/m.exec(file)?.[1] ?? 0);
  const covered = Number(/^LH:(\d+)/m.exec(file)?.[1] ?? 0);
  lines += found;
  hit += covered;
  const name = /^SF:.*\/(src\/.*)$/m.exec(file)?.[1];
  if (found > 0 && covered / found < floor / 100) {
    low.push(`  ${((100 * covered) / found).toFixed(0).padStart(3)} % ${name}`);
  }
}
const share = (100 * hit) / lines;
if (low.length > 0) console.log(`Files under ${floor} %:\n${low.sort().join("\n")}`);
console.log(`Line coverage ${share.toFixed(1)} % of ${lines} lines, floor ${floor} %`);
if (!(share >= floor)) Deno.exit(1);
