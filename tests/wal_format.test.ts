import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { readLog } from "./support/read_log.ts";
import { testDisk } from "./support/test_disk.ts";

/** A segment of format version 1 as a close left it once; every later release must read it. */
const GOLDEN = new URL("./golden/wal-v1.ndjson", import.meta.url);
/** The same as a kill left it: with reserved room behind it, and the last frame not known to be durable. */
const KILLED = new URL("./golden/wal-v1-killed.ndjson", import.meta.url);
const NAME = "wal-00000000000000000041-c0ffee01.ndjson";

const RECORDS = [
  '{"time":"2026-01-02T03:04:05.700Z","level":"info","msg":"first"}',
  '{"time":"2026-01-02T03:04:05.701Z","level":"warn","logger":"shop.cart",' +
  '"msg":"é € 𝄞 \\" \\\\ \\n","fields":{"n":1,"list":[true,null]}}',
  '{"time":"2026-01-02T03:04:06.000Z","level":"error","msg":"from a file"}',
  '{"time":"2026-01-02T03:04:07.000Z","level":"fatal","msg":""}',
];

for (const file of [GOLDEN, KILLED]) {
  test(`a segment of format version 1 reads as it was written: ${file.pathname.split("/").at(-1)}`, () =>
    readsAsWritten(file));
}

async function readsAsWritten(file: URL): Promise<void> {
  const disk = testDisk();
  const golden = new Uint8Array(await readFile(file));
  disk.files.set(NAME, golden.slice());
  const told: string[] = [];
  const wal = await openWal(disk.store(), {
    retain: "all",
    onNotice: ({ message }) => told.push(message),
  });
  assert.deepEqual(told, []);
  assert.deepEqual([wal.firstSeq, wal.nextSeq], [41, 45]);
  assert.deepEqual([wal.logId, wal.run], ["0123456789abcdef", "0123456789abcdef.4"]);
  const { lines, gaps } = await readLog(wal);
  assert.deepEqual([[...lines.keys()], gaps], [[41, 42, 43, 44], []]);
  assert.deepEqual([...lines.values()], RECORDS);
  assert.deepEqual([...wal.inputs.values()], [
    { file: "/var/log/ä.log", offset: 4096, id: "66306:131077" },
    { file: "/var/log/b.log", offset: 72, id: "66306:131078" },
  ]);
  await wal.close();
  if (file === GOLDEN) assert.deepEqual(disk.files.get(NAME), golden, "what is sealed stays");
}

test('every line of a segment is JSON, and those without "$" are the records', async () => {
  const disk = testDisk();
  const wal = await openWal(disk.store(), { segmentBytes: 4096, retain: "all" });
  const given: string[] = [];
  for (let i = 0; i < 100; i++) {
    const line = RECORDS[i % RECORDS.length]!;
    given.push(line);
    wal.stage(line + "\n", i % 3 === 0 ? { file: `/a "${i}"\n`, offset: i, id: "1" } : undefined);
    if (i % 7 === 0) wal.flushSync();
  }
  await wal.close();
  assert.ok(disk.segments.length > 2);
  const files = disk.segments.map((name) => disk.files.get(name)!);
  files.push(new Uint8Array(await readFile(GOLDEN)));
  const found: string[] = [];
  for (const bytes of files) {
    const lines = new TextDecoder("utf-8", { fatal: true }).decode(bytes).split("\n");
    assert.equal(lines.pop(), "");
    for (const line of lines) {
      const value = JSON.parse(line) as Record<string, unknown>;
      if (!("$" in value)) found.push(line);
    }
    assert.match(lines[0]!, /^\{"\$":"segment","version":1,/);
  }
  assert.deepEqual(found, [...given, ...RECORDS]);
});
