import { type LogNotice, openWal, type Wal, type WalOptions } from "../../mod.ts";
import { lineOf } from "./read_log.ts";
import { type TestDisk, testDisk } from "./test_disk.ts";

/** Small segments, all of them kept, and nothing read from memory. */
export const SMALL = { segmentBytes: 4096, retain: "all", windowBytes: 0 } as const;

/** Opens a log of small segments. */
export function openSmall(disk: TestDisk, options: WalOptions = {}): Promise<Wal> {
  return openWal(disk.store(), { ...SMALL, ...options });
}

/** Opens in quarantine and gives what was told beside the log. */
export async function openTold(disk: TestDisk): Promise<{ wal: Wal; told: LogNotice[] }> {
  const told: LogNotice[] = [];
  const wal = await openSmall(disk, { onDamage: "quarantine", onNotice: (n) => told.push(n) });
  return { wal, told };
}

/** Writes messages in frames of `perFrame`; the disk is then as a kill leaves it. */
export async function filled(msgs: readonly string[], perFrame: number = 3): Promise<TestDisk> {
  const disk = testDisk();
  const wal = await openSmall(disk);
  msgs.forEach((msg, i) => {
    wal.stage(lineOf(msg));
    if ((i + 1) % perFrame === 0) wal.flushSync();
  });
  await wal.sync();
  return disk.copy();
}

/** Messages of `width` characters that begin with their number. */
export function numbered(count: number, width: number = 100): string[] {
  return Array.from({ length: count }, (_, i) => `n${i + 1}-`.padEnd(width, "x"));
}

/** Where each frame of a segment begins. */
export function frameOffsets(bytes: Uint8Array): number[] {
  const text = new TextDecoder("latin1").decode(bytes);
  return [...text.matchAll(/\{"\$":"frame"/g)].map(({ index }) => index);
}
