import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { compareLines, RotatingLog, type RotationWay } from "./rotating_log.ts";
import { COMMAND_LINE } from "./runtime_args.ts";

/** Time for a run to catch up with a log that is finished. */
const CATCH_UP_MS = 40_000;

/** What a run over a rotated log is made of. */
export interface RotationRun {
  /** How it is rotated. */
  readonly way: RotationWay;
  /** What `--input` says; the log is `logs/app.log`. */
  readonly input: string;
  /** How often it is rotated. */
  readonly rotations: number;
  /** Lines between two rotations. */
  readonly linesEach: number;
  /** How often `logflume run` is ended by SIGKILL meanwhile. */
  readonly kills: number;
  /** A pause between two rotations. @default {0} */
  readonly pauseMs?: number;
}

/** What came of it. */
export interface RotationOutcome {
  readonly lines: number;
  readonly lost: number;
  readonly doubled: number;
  /** Lines that are none that were written: two halves of one, or what else there may be. */
  readonly broken: number;
  readonly seconds: number;
  readonly stderr: string;
}

/** Lets a log be rotated under load while `logflume run --follow` reads it and is killed again and again. */
export async function runRotations(options: RotationRun): Promise<RotationOutcome> {
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-rotations-"));
  fs.mkdirSync(join(folder, "logs"));
  const log = new RotatingLog(join(folder, "logs"), options.way);
  const started = Date.now();
  const runner = new Runner(folder, options.input);
  try {
    log.write(10);
    runner.start();
    await runner.until(10);
    await writeAll(log, runner, options);
    await runner.until(log.count);
    await runner.stop("SIGTERM");
    const seconds = (Date.now() - started) / 1_000;
    const messages = runner.messages();
    return {
      ...compareLines(log.count, messages),
      lines: log.count,
      seconds,
      stderr: runner.stderr,
    };
  } finally {
    await runner.stop("SIGKILL");
    log.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function writeAll(
  log: RotatingLog,
  runner: Runner,
  { rotations, linesEach, kills, pauseMs = 0 }: RotationRun,
): Promise<void> {
  const step = Math.ceil(linesEach / 10);
  const killEvery = Math.ceil(rotations / (kills + 1));
  for (let rotation = 1; rotation <= rotations; rotation++) {
    for (let part = 0; part < 10; part++) {
      log.write(step);
      await new Promise((resolve) => setTimeout(resolve, 1 + pauseMs / 10));
    }
    log.rotate(7);
    if (rotation % killEvery !== 0 || rotation === rotations) continue;
    // Somewhere in the middle of the work, and not before there was any.
    const before = runner.count();
    log.write(step);
    await runner.until(before + 1);
    await runner.stop("SIGKILL");
    log.write(step);
    runner.start();
  }
}

/** The command line, started again and again over the same log. */
class Runner {
  readonly #folder: string;
  readonly #input: string;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  stderr = "";

  constructor(folder: string, input: string) {
    this.#folder = folder;
    this.#input = input;
  }

  start(): void {
    const args = ["run", "--follow", "-i", this.#input, "-o", "out.ndjson", "--listen", "off"];
    const child = spawn(process.execPath, [...COMMAND_LINE, ...args], { cwd: this.#folder });
    child.stderr.on("data", (chunk: Uint8Array) => this.stderr += new TextDecoder().decode(chunk));
    child.stdout.resume();
    this.#ended = new Promise((resolve) => child.on("close", resolve));
    this.#child = child;
  }

  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode === null) child.kill(signal);
    await this.#ended;
  }

  /** Waits until so many lines were delivered, or no more come. */
  async until(count: number): Promise<void> {
    const deadline = Date.now() + CATCH_UP_MS;
    while (!this.#has(count) && Date.now() < deadline && this.#child?.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #has(count: number): boolean {
    if (this.count() < count) return false;
    // A run that was killed cuts the file back as it starts again: what was counted may be gone.
    this.#countedTo = 0;
    this.#count = 0;
    return this.count() >= count;
  }

  #countedTo = 0;
  #count = 0;

  /** Lines delivered; what was counted before is not read again. */
  count(): number {
    if (!fs.existsSync(this.#out)) return 0;
    const fd = fs.openSync(this.#out, "r");
    const chunk = new Uint8Array(1024 * 1024);
    for (let bytes = -1; bytes !== 0; this.#countedTo += bytes) {
      bytes = fs.readSync(fd, chunk, 0, chunk.length, this.#countedTo);
      for (const byte of chunk.subarray(0, bytes)) if (byte === 10) this.#count++;
    }
    fs.closeSync(fd);
    return this.#count;
  }

  messages(): string[] {
    const rows = fs.readFileSync(this.#out, "utf8").split("\n");
    // The last one is empty, or half a line that is being written.
    return rows.slice(0, -1).map((row) => (JSON.parse(row) as { msg: string }).msg);
  }

  get #out(): string {
    return join(this.#folder, "out.ndjson");
  }
}
