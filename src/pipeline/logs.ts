import type { Clock } from "../clock.ts";
import { type DeadLetters, openDeadLetters } from "../delivery/dead_letters.ts";
import { messageOf } from "../errors.ts";
import { memoryStore } from "../storage/memory.ts";
import type { LogNotice } from "../storage/store.ts";
import { openWal, type Wal } from "../wal/wal.ts";
import type { PipelineEvent, PipelineOptions } from "./options.ts";

/** A log in memory: what lanes lag behind is bounded by this. */
const MEMORY_LOG_BYTES = 16 * 1024 * 1024;
/** The record log and the log of the dead letters; both in memory if there is no store. */
export async function openLogs(
  options: PipelineOptions,
  clock: Clock,
  tell: (event: PipelineEvent) => void,
): Promise<{ log: Wal; letters: DeadLetters }> {
  const { wal } = options;
  const onNotice = (notice: LogNotice): void => tell(notice);
  if (wal === undefined) return await openInMemory(clock);
  try {
    const log = await openWal(wal.store, { onDamage: "quarantine", onNotice, clock, ...wal });
    const inner = wal.store.inner("dead-letters");
    const letterLog = await openWal(inner, {
      onDamage: "quarantine",
      onNotice,
      clock,
      segmentBytes: 4 * 1024 * 1024,
      retain: 0,
      sync: wal.sync ?? "always",
    }).catch(async (error) => {
      await log.close();
      throw error;
    });
    return { log, letters: await openDeadLetters(letterLog, { clock }) };
  } catch (error) {
    if (options.onStoreFailure !== "memory") throw error;
    const message = `Running in memory, nothing is durable: ${messageOf(error)}`;
    tell({ kind: "store-failed", message });
    return await openInMemory(clock);
  }
}

async function openInMemory(clock: Clock): Promise<{ log: Wal; letters: DeadLetters }> {
  const log = await openWal(memoryStore(), {
    clock,
    segmentBytes: 1024 * 1024,
    maxBytes: MEMORY_LOG_BYTES,
    maxSegments: Infinity,
    // Everything stays within reach of a reader that cannot wait, for the moment the process ends.
    windowBytes: Infinity,
    retain: 0,
  });
  const letterLog = await openWal(memoryStore(), { clock, retain: 0, segmentBytes: 1024 * 1024 });
  return { log, letters: await openDeadLetters(letterLog, { clock }) };
}
