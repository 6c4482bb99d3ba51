import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogNotice, openWal } from "../mod.ts";
import { lineOf, readLog } from "./support/read_log.ts";
import { testDisk } from "./support/test_disk.ts";

test("a log that met thousands of inputs stays whole, and forgets those of longest ago", async () => {
  const disk = testDisk();
  const told: LogNotice[] = [];
  const options = {
    segmentBytes: 1 << 20,
    retain: "all",
    onNotice: (n: LogNotice) => told.push(n),
  };
  const path = (i: number): string => `/var/log/${"long/".repeat(30)}${i}.log`;
  const wal = await openWal(disk.store(), { ...options, retain: "all" });
  const count = 8000;
  for (let i = 1; i <= count; i++) {
    wal.stage(lineOf(`n${i}`), { file: path(i), offset: i, id: "1" });
    // One that is heard of again and again is never forgotten.
    if (i % 100 === 0) wal.stage(lineOf("again"), { file: path(1), offset: i, id: "1" });
    if (i % 1000 === 0) await wal.sync();
  }
  await wal.close();
  assert.ok(told.length > 0);
  assert.ok(told.every(({ kind }) => kind === "limit"), `${told[0]?.message}`);
  const again = await openWal(disk.store(), { ...options, retain: "all" });
  assert.equal(again.inputs.get(path(1))?.offset, count);
  assert.equal(again.inputs.get(path(count))?.offset, count);
  assert.equal(again.inputs.get(path(2)), undefined);
  const { lines, gaps } = await readLog(again);
  assert.deepEqual([lines.size, gaps], [count + count / 100, []]);
  await again.close();
});
