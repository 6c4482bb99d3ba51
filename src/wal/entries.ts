import type { LogEntry, LogStore } from "../storage/store.ts";

/**
 * The log's records one by one from `fromSeq` to its present end. Nothing is read ahead of who asks by
 * more than a frame. Records that the log no longer holds are left out; the numbers show the hole.
 */
export async function* entries(log: LogStore, fromSeq: number): AsyncIterable<LogEntry> {
  const reader = log.reader(fromSeq);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  try {
    for (;;) {
      const found = await reader.next();
      if (found.kind === "end") return;
      if (found.kind === "gap") continue;
      let { firstSeq: seq } = found.chunk;
      for (const line of decoder.decode(found.chunk.bytes).split("\n").slice(0, -1)) {
        yield { seq: seq++, line };
      }
    }
  } finally {
    reader.close();
  }
}
