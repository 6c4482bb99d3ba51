/**
 * The page under load. Only what does not hang on the speed of the machine is asserted; the rest is
 * printed. `LOGFLUME_LOAD_SECONDS` makes the stream longer (5; the long form is 30).
 */
import assert from "node:assert/strict";
import process from "node:process";
import { browserTest, withPage } from "./support/chromium.ts";
import { type Measured, meterOf } from "./support/meter.ts";
import { assertAccounted, heldRows, isLive, numbersOf, recordIsThere } from "./support/rows.ts";
import { RUNTIMES, startServer } from "./support/tail_server.ts";

const SECONDS = Number(process.env.LOGFLUME_LOAD_SECONDS ?? 5);
const PER_SECOND = 10_000;
const MOST_ROWS = 100;
/** What a page keeps. */
const HELD = 200_000;
const MiB = 1024 * 1024;

function report(what: string, records: number, measured: Measured): void {
  const { frames, seconds, longTasks, scriptMs, mostRows, toScreenMs } = measured;
  const script = (scriptMs / records * 1_000).toFixed(1);
  const long = longTasks.length === 0
    ? "none"
    : `${longTasks.length}, up to ${longTasks.at(-1)} ms`;
  console.log(
    `${what}: script ${script} ms per 1,000 lines, ${(frames / seconds).toFixed(0)} frames/s, ` +
      `long tasks ${long}, ${mostRows} row nodes${toScreenText(toScreenMs)}`,
  );
}

function toScreenText(sorted: readonly number[]): string {
  const [p50, p95] = [50, 95].map((p) => sorted[Math.ceil(sorted.length * p / 100) - 1]);
  if (p50 === undefined || p95 === undefined) return "";
  return `, row to screen p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`;
}

function assertCalm({ rewritten, mostRows }: Measured): void {
  assert.equal(rewritten, 0, "the list was written more than once in a frame");
  assert.ok(mostRows <= MOST_ROWS, `${mostRows} row nodes`);
}

for (const runtime of RUNTIMES) {
  browserTest(`${PER_SECOND} lines/s, a burst and a line of 19 MB, from ${runtime}`, async () => {
    await using server = await startServer({ runtime, maxBytes: 16 * MiB });
    await withPage("about:blank", async ({ page, problems }) => {
      const meter = await meterOf(page);
      await page.goto(server.url);
      await isLive(page);
      await meter.measure();
      const streamed = SECONDS * PER_SECOND;
      await server.tell({ do: "flow", from: 1, to: streamed, perSecond: PER_SECOND });
      await recordIsThere(page, streamed);
      const calm = await meter.measure();
      report(`${runtime}, ${SECONDS} s of ${PER_SECOND} lines/s`, streamed, calm);
      assertCalm(calm);
      // So many frames a second there are on any machine that can run this.
      assert.ok(calm.toScreenMs.length > 10 * SECONDS, "rows were seen to come to the screen");

      await server.tell({ do: "fill", from: streamed + 1, to: streamed + 100_000 });
      await recordIsThere(page, streamed + 100_000);
      const burst = await meter.measure();
      report(`${runtime}, a burst of 100,000`, 100_000, burst);
      assertCalm(burst);
      const rows = await heldRows(page);
      const first = rows[0]!.from ?? numbersOf(rows)[0]!;
      assert.ok(first === 1 || rows.length === HELD, "only what is too much has left");
      assertAccounted(rows, first, streamed + 100_000);

      await server.tell({ do: "long", chars: 19_000_000 });
      const long = page.locator(".row .text", { hasText: "xxxxxxxx" });
      await long.waitFor();
      assert.ok((await long.textContent())!.length < 4_000, "no row is drawn whole at any length");
      const last = streamed + 100_001;
      await server.tell({ do: "fill", from: last, to: last });
      await recordIsThere(page, last);
      assert.deepEqual(problems, []);
    });
  });
}

browserTest("the page holds 200,000 rows in less than 250 MB", async () => {
  await using server = await startServer({ maxBytes: 64 * MiB });
  await withPage("about:blank", async ({ page, problems }) => {
    const meter = await meterOf(page);
    await page.goto(server.url);
    await isLive(page);
    for (let n = 0; n < 210_000; n += 10_000) {
      await server.tell({ do: "fill", from: n + 1, to: n + 10_000 });
      await recordIsThere(page, n + 10_000);
    }
    await page.locator(".counts", { hasText: "200,000 rows" }).waitFor();
    const heap = await meter.heap();
    const [main, worker] = [heap.page / MiB, heap.worker / MiB].map((mib) => mib.toFixed(1));
    console.log(`Heap at 200,000 rows: ${main} MiB in the page, ${worker} MiB in its Worker`);
    assert.ok(heap.page + heap.worker < 250_000_000);
    assertCalm(await meter.measure());
    // A key is answered at once, whatever else its frame draws: from here on only the nodes count.
    await page.locator("#log").press("Home");
    await recordIsThere(page, 10_001);
    const { mostRows } = await meter.measure();
    assert.ok(mostRows <= MOST_ROWS, `${mostRows} row nodes`);
    assert.deepEqual(problems, []);
  });
});
