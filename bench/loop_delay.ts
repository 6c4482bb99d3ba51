/**
 * How long the event loop is held by synchronous writes of the log: 200,000 records a second, durable and
 * delivered to a file, while another process writes and syncs the same disk.
 *
 *     deno run -A bench/loop_delay.ts [seconds]      bun bench/loop_delay.ts      node bench/loop_delay.ts
 */
import { spawn } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { openPipeline } from "../mod.ts";
import { fileSink } from "../src/sink/file.ts";
import { fileStore } from "../src/storage/file.ts";

const RECORDS_A_MS = 200;
const folder = process.env.LOGFLUME_BENCH_DISTURB ?? mkdtempSync(join(tmpdir(), "logflume-bench-"));

/** The other process: writes 1 MiB blocks and syncs after each of them. */
function disturb(): void {
  const fd = openSync(join(folder, "disturb"), "w");
  const block = new Uint8Array(1024 * 1024).fill(120);
  for (let i = 0;; i = (i + 1) % 256) {
    writeSync(fd, block, 0, block.length, i * block.length);
    fdatasyncSync(fd);
    if (process.ppid === 1) return closeSync(fd);
  }
}

function percentile(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return value.toFixed(2).padStart(8);
}

/** Intervals of the same timer while nothing is logged: what the machine itself takes. */
async function idle(ms: number): Promise<number[]> {
  const intervals: number[] = [];
  const begin = performance.now();
  for (let last = begin; last - begin < ms;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    intervals.push(performance.now() - last);
    last = performance.now();
  }
  return intervals;
}

/** Intervals of a timer of one millisecond, and accept-to-durable times of one record a tick. */
async function measure(
  ms: number,
): Promise<{ intervals: number[]; durable: number[]; cpu: number }> {
  const pipeline = await openPipeline({
    sinks: { out: fileSink({ path: join(folder, "out") }) },
    wal: { store: fileStore(join(folder, "data")) },
  });
  const log = pipeline.logger("bench");
  const intervals: number[] = [];
  const durable: number[] = [];
  const begin = performance.now();
  const before = process.cpuUsage();
  let written = 0;
  for (let last = begin; last - begin < ms;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = performance.now();
    intervals.push(now - last);
    last = now;
    for (const due = (now - begin) * RECORDS_A_MS; written < due; written++) {
      log.info("order placed", { order: written, total: 99.5 });
    }
    if (intervals.length % 8 === 0) {
      const offered = performance.now();
      void pipeline.durable().then(() => durable.push(performance.now() - offered));
    }
  }
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1000 / (performance.now() - begin);
  await pipeline.close({ timeoutMs: 60_000 });
  const { lanes, refused } = pipeline.stats();
  if (lanes.out!.delivered !== written) {
    console.log(`NOT ALL DELIVERED: ${written} written, ${JSON.stringify({ lanes, refused })}`);
  }
  return { intervals, durable, cpu };
}

async function run(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 10);
  const inherited = process.execArgv ?? [];
  const args = "Deno" in globalThis ? ["run", "-A"] : inherited;
  const other = spawn(process.execPath, [...args, fileURLToPath(import.meta.url)], {
    env: { ...process.env, LOGFLUME_BENCH_DISTURB: folder },
    stdio: "ignore",
  });
  try {
    const alone = await idle(seconds * 500);
    const { intervals, durable, cpu } = await measure(seconds * 1000);
    console.log("ms                    p50      p99    p99.9      max");
    const rows = {
      "idle timer    ": alone,
      "timer of 1 ms ": intervals,
      "accept-durable": durable,
    };
    for (const [name, values] of Object.entries(rows)) {
      values.sort((a, b) => a - b);
      console.log(name, ...[0.5, 0.99, 0.999, 1].map((share) => percentile(values, share)));
    }
    console.log(`CPU of one core ${cpu.toFixed(2)}`);
  } finally {
    other.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.env.LOGFLUME_BENCH_DISTURB === undefined) await run();
else disturb();
