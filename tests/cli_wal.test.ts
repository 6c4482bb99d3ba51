import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { openWal, type WalOptions } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { parseCatOptions } from "../src/cli/wal_options.ts";
import { UsageError } from "../src/cli/usage_error.ts";
import { bytesText, recordsText } from "../src/cli/wal_text.ts";
import { runCommand } from "./support/commands.ts";
import { lineOf } from "./support/read_log.ts";
import type { KillTask } from "./support/real_kill_child.ts";
import { mixedLine } from "./support/real_lines.ts";
import { COMMAND_LINE } from "./support/runtime_args.ts";
import { frameOffsets } from "./support/small_log.ts";
import { inFolder, type Script, startScript } from "./support/spawn.ts";

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...args: readonly string[]): { child: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, [...COMMAND_LINE, "wal", ...args]);
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (part: string) => said[name] += part);
    child[name].on("error", () => {});
  }
  const ended = new Promise<Outcome>((resolve) => {
    child.on("close", (code) => resolve({ code, ...said }));
  });
  return { child, ended };
}

const run = (...args: readonly string[]): Promise<Outcome> => runCommand("wal", ...args);
const runAlone = (...args: readonly string[]): Promise<Outcome> => start(...args).ended;

const rows = <T>(ndjson: string): T[] =>
  ndjson.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);

interface Numbered {
  readonly seq?: number;
  readonly record?: { readonly msg: string };
  readonly gap?: { readonly firstSeq: number; readonly count: number; readonly reason: string };
}

/** Writes a log of lines, ten a frame, and closes it; the answer is its only segment's path. */
async function write(
  folder: string,
  lines: readonly string[],
  options: WalOptions = {},
): Promise<string> {
  const wal = await openWal(fileStore(folder), options);
  for (const [i, line] of lines.entries()) {
    wal.stage(line);
    if (i % 10 === 9) wal.flushSync();
  }
  await wal.close();
  return join(folder, fs.readdirSync(folder).find((name) => name.endsWith(".ndjson"))!);
}

const plainLines = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => lineOf(`m${i + 1}`));

test("wal ls shows segments, cursors and the dead letters within", () =>
  inFolder("wal", async (folder) => {
    const path = await write(folder, plainLines(25));
    await write(join(folder, "dead-letters"), plainLines(2));
    const name = path.slice(folder.length + 1);
    const text = await runAlone("ls", folder);
    assert.deepEqual([text.code, text.stderr], [0, ""]);
    assert.match(text.stdout, /^Log [0-9a-f]{16} in ".*": records 1 to 25, /);
    assert.match(text.stdout, new RegExp(`${name} +1 +25 +1 .* live\n`));
    assert.match(text.stdout, /dead-letters": records 1 to 2, /);
    assert.ok(!text.stdout.includes("\x1b"));

    const json = await run("ls", folder, "--json");
    const { firstSeq, nextSeq, segments, inner } = JSON.parse(json.stdout);
    assert.deepEqual([json.code, firstSeq, nextSeq, segments[0].name], [0, 1, 26, name]);
    assert.equal(inner[0].nextSeq, 3);
    assert.ok(!fs.existsSync(join(folder, "LOCK")));
  }));

test("wal cat prints the very lines, or those that were asked for", () =>
  inFolder("wal", async (folder) => {
    const lines = plainLines(30).map((line, i) =>
      line.replace("info", ["debug", "info", "error"][i % 3]!).replace("01-01T", `01-${10 + i}T`)
    );
    await write(folder, lines, { segmentBytes: 4096, retain: "all" });
    const linesOf = async (...args: string[]) => (await run("cat", folder, ...args)).stdout;
    assert.equal(await linesOf(), lines.join(""));
    assert.equal(await linesOf("--from", "4", "--to", "12"), lines.slice(3, 12).join(""));
    assert.equal(
      await linesOf("--level", "error"),
      lines.filter((line) => line.includes("error")).join(""),
    );
    assert.equal(
      await linesOf("--from", "2026-01-15T00:00Z", "--to", "2026-01-20", "--level", "info"),
      lines.slice(5, 11).filter((line) => !line.includes("debug")).join(""),
    );
    const numbered = rows<Numbered>(await linesOf("--json", "--level", "info"));
    assert.deepEqual(
      numbered.map(({ seq }) => seq),
      [2, 3, 5, 6, 8, 9, 11, 12, 14, 15].concat([
        17,
        18,
        20,
        21,
        23,
        24,
        26,
        27,
        29,
        30,
      ]),
    );
    assert.equal(numbered[0]!.record!.msg, "m2");
  }));

test("wal cat prints long lines and many of them whole", () =>
  inFolder("wal", async (folder) => {
    const lines = Array.from({ length: 3000 }, (_, i) => mixedLine(i + 1, "w"));
    lines.push(lineOf("x".repeat(1_000_000)));
    await write(folder, lines);
    assert.equal((await runAlone("cat", folder, "--level", "info")).stdout, lines.join(""));
    const { stdout } = await runAlone("cat", folder, "--json");
    const expected = lines.map((line, i) => `{"seq":${i + 1},"record":${line.trimEnd()}}\n`);
    assert.equal(stdout, expected.join(""));
  }));

test("wal verify tells a flipped byte with its exact range and exits 1; cat gives the rest", () =>
  inFolder("wal", async (folder) => {
    const path = await write(folder, plainLines(40));
    const bytes = fs.readFileSync(path);
    const [, from, to] = frameOffsets(bytes) as [number, number, number];
    bytes[from + 300]! ^= 1;
    fs.writeFileSync(path, bytes);
    const segment = path.slice(folder.length + 1);

    const text = await runAlone("verify", folder);
    assert.deepEqual([text.code, text.stderr], [1, ""]);
    const told = `Segment "${segment}" is damaged from byte ${from} to ${to}: ` +
      `records 11 to 20 cannot be read\n`;
    assert.ok(text.stdout.startsWith(told), text.stdout);
    assert.match(text.stdout, /records 1 to 40: 1 place damaged, 10 records lost\n$/);

    const { code, stdout } = await run("verify", folder, "--json");
    const { ok, damage } = JSON.parse(stdout);
    const { message: _, ...range } = damage[0];
    assert.deepEqual([code, ok, damage.length], [1, false, 1]);
    assert.deepEqual(range, {
      segment,
      offset: from,
      end: to,
      firstSeq: 11,
      count: 10,
      kind: "frames",
    });

    const cat = await run("cat", folder, "--json");
    const seqs = rows<Numbered>(cat.stdout).map(({ seq, gap }) => seq ?? `${gap!.reason}`);
    assert.deepEqual(seqs, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "damaged", ...seqs.slice(11)]);
    assert.deepEqual([seqs.length, seqs.at(-1), cat.code], [31, 40, 1]);
    assert.equal(cat.stderr, "logflume: Records 11 to 20 are damaged and cannot be read\n");
  }));

test("wal verify says a torn tail and exits 0, and all is well with 0", () =>
  inFolder("wal", async (folder) => {
    const path = await write(folder, plainLines(20));
    const well = await run("verify", folder);
    assert.equal(well.code, 0);
    assert.match(well.stdout, /^".*": 1 segment, .*, records 1 to 20: all is well\n$/);

    const bytes = fs.readFileSync(path);
    // Behind it stands only the frame that closing left, which tells how far all is durable.
    const last = frameOffsets(bytes).at(-2)!;
    const { n } = JSON.parse(new TextDecoder().decode(bytes.subarray(last, last + 256)));
    const cut = last + 100;
    fs.writeFileSync(path, bytes.subarray(0, cut));
    const torn = await run("verify", folder);
    assert.equal(torn.code, 0);
    assert.ok(
      torn.stdout.includes(
        `ends with 100 bytes of an unfinished write, from byte ${last} to ${cut}: no damage`,
      ),
      torn.stdout,
    );
    assert.match(torn.stdout, new RegExp(`records 1 to ${20 - n}: all is well\n$`));
  }));

test("a mistake is one clear sentence and exit code 2", () =>
  inFolder("wal", async (folder) => {
    const sqlite = join(folder, "x.db");
    fs.writeFileSync(sqlite, "SQLite format 3\0 and more");
    const newer = join(folder, "newer");
    const path = await write(newer, plainLines(1));
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["ls"], /^logflume: No folder is named: use for example logflume wal ls \.logflume\n$/],
      [["ls", join(folder, "gone")], /^logflume: There is no folder ".*gone": name the folder/],
      [["verify", sqlite], /^logflume: ".*" is an SQLite file, not a folder of segments: read its/],
      [["cat", path], /^logflume: ".*" is a file: name the folder of a log\n$/],
      [
        ["cat", folder],
        /^logflume: The folder ".*" holds no log: .*; there is one in ".*newer"\n$/,
      ],
      [
        ["cat", newer, "--level", "loud"],
        /^logflume: "--level loud" is no level: use one of trace/,
      ],
      [["cat", newer, newer], /^logflume: Unexpected argument ".*": name one folder\n$/],
      [["ls", newer, "--follow"], /^logflume: Unknown option "--follow": use --json, --help\n$/],
      [["look", newer], /^logflume: Unknown command "wal look": use ls, cat or verify/],
    ];
    const outcomes = await Promise.all(cases.map(([args]) => run(...args)));
    for (const [i, { code, stdout, stderr }] of outcomes.entries()) {
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, cases[i]![1]);
    }
  }));

test("each command shows its help with examples and exit codes", async () => {
  const commands = [[], ["ls"], ["cat"], ["verify"]];
  const outcomes = await Promise.all(commands.map((command) => run(...command, "--help")));
  for (const [i, { code, stdout, stderr }] of outcomes.entries()) {
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith(["Usage: logflume wal", ...commands[i]!].join(" ")));
    if (i > 0) assert.match(stdout, /\nExamples:\n[^]*\nExit codes: 0 /);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
  }
});

test("bounds of cat are numbers, times and ages", () => {
  const now = Date.parse("2026-01-31T12:00:00Z");
  const optionsOf = (...args: string[]) => {
    const { folder: _, json: __, help: ___, follow: ____, ...bounds } = parseCatOptions(
      ["d", ...args],
      now,
    );
    return bounds;
  };
  assert.deepEqual(optionsOf("--from", "41", "--to", "50"), { from: 41, to: 50 });
  assert.deepEqual(optionsOf("--from", "15m"), { fromMs: now - 900_000 });
  assert.deepEqual(optionsOf("--to", "2026-01-31T12:00Z"), { toMs: now });
  for (const wrong of ["x", "-1", "1.5", "2026-13-01", "yesterday 2026-01-01"]) {
    assert.throws(() => optionsOf(`--from=${wrong}`), UsageError);
  }
});

test("sizes and ranges are written for people", () => {
  assert.deepEqual([0, 1023, 1024, 1.5 * 1024 ** 3].map(bytesText), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 GiB",
  ]);
  assert.deepEqual([recordsText(1, 1), recordsText(1, 2), recordsText(3, 9)], [
    "no records",
    "record 1",
    "records 3 to 8",
  ]);
});

test("a reader that has seen enough ends cat without a word", () =>
  inFolder("wal", async (folder) => {
    await write(folder, Array.from({ length: 3000 }, (_, i) => mixedLine(i + 1, "w")));
    const { child, ended } = start("cat", folder);
    child.stdout!.once("data", () => child.stdout!.destroy());
    const { code, stderr } = await ended;
    assert.deepEqual([code, stderr], [0, ""]);
  }));

/** Starts a process that writes a log; `rests` resolves when it stands still with all acknowledged. */
function writer(task: KillTask): { script: Script; rests: Promise<number> } {
  let last = 0;
  const { promise: rests, resolve } = Promise.withResolvers<number>();
  const script = startScript("real_kill_child.ts", task, (line) => {
    if (line.startsWith("ack ")) last = Number(line.slice(4));
    if (line === "resting") resolve(last);
  });
  return { script, rests };
}

const kill = (script: Script): boolean => process.kill(script.child.pid!, "SIGKILL");

test("looking at a log that another process writes finds it whole, again and again", () =>
  inFolder("wal", async (folder) => {
    const { promise: open, resolve } = Promise.withResolvers<void>();
    const task: KillTask = { folder, writer: "w", seed: 7, segmentBytes: 262_144, restAfter: 1500 };
    const script = startScript("real_kill_child.ts", task, (line) => {
      if (line.startsWith("ack ")) resolve();
    });
    await open;
    let seen = 0;
    try {
      for (let round = 0; round < 4; round++) {
        const [ls, cat, verify] = await Promise.all([
          runAlone("ls", folder, "--json"),
          runAlone("cat", folder, "--json"),
          runAlone("verify", folder, "--json"),
        ]);
        assert.deepEqual([ls.stderr, cat.stderr, verify.stderr], ["", "", ""]);
        assert.deepEqual([ls.code, cat.code, verify.code], [0, 0, 0], verify.stdout);
        const lines = cat.stdout.split("\n").slice(0, -1);
        const wrong = lines.findIndex((line, i) =>
          line !== `{"seq":${i + 1},"record":${mixedLine(i + 1, "w").trimEnd()}}`
        );
        assert.equal(wrong, -1);
        assert.ok(lines.length >= seen);
        seen = lines.length;
        assert.deepEqual(JSON.parse(ls.stdout).damage, []);
      }
      assert.ok(seen > 0);
    } finally {
      kill(script);
      await script.ended;
    }
    // What the kill left may end in half a frame, which is no damage.
    const after = await run("verify", folder);
    assert.equal(after.code, 0, after.stdout);
  }));

test("wal cat --follow crosses rotation and kills of the writer, and Ctrl-C ends it with 0", () =>
  inFolder("wal", async (folder) => {
    await write(folder, [mixedLine(1, "w")]);
    const { child, ended } = start("cat", folder, "--follow", "--json");
    let count = 0;
    let wake = (): void => {};
    let wrong: string | undefined;
    let rest = "";
    child.stdout!.on("data", (part: string) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const { seq, record } = JSON.parse(line) as Numbered;
        const isNext = seq === count + 1 &&
          JSON.stringify(record) + "\n" === mixedLine(seq, "w");
        if (!isNext) wrong ??= line;
        count++;
      }
      wake();
    });
    void ended.then(() => wake());
    const until = async (last: number): Promise<void> => {
      while (count < last && child.exitCode === null) {
        await new Promise<void>((resolve) => wake = resolve);
      }
    };
    for (let round = 0; round < 3; round++) {
      const task = { folder, writer: "w", seed: round, segmentBytes: 131_072, restAfter: 40 };
      const { script, rests } = writer(task);
      const last = await rests;
      await until(last);
      assert.deepEqual([wrong, count], [undefined, last]);
      kill(script);
      await script.ended;
    }
    assert.ok(fs.readdirSync(folder).filter((name) => name.endsWith(".ndjson")).length > 3);
    process.kill(child.pid!, "SIGINT");
    const { code, stderr } = await ended;
    assert.deepEqual([code, stderr], [0, ""]);
  }));
