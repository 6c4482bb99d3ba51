import type { WireGap, WireMessage } from "../wire.ts";
import { type HeldGap, heldGap, heldRecord, type HeldRow } from "./held_row.ts";

/** The most records one click brings: a quarter of what the page holds. */
const MOST = 50_000;

/**
 * Fetches the records of a gap, the newest of them if there are too many for one go; what is still
 * missing comes as gaps.
 *
 * @throws {Error} If the server refuses
 */
export async function fetchGap(
  url: string,
  held: HeldGap,
  query: string,
  headers: Record<string, string> = { accept: "application/x-ndjson" },
): Promise<HeldRow[]> {
  const { gap, run } = held;
  const from = Math.max(gap.from, gap.to - MOST + 1);
  const wish = new URLSearchParams({ v: "1", from: String(from), to: String(gap.to), follow: "0" });
  if (query !== "") wish.set("q", query);
  const answer = await fetch(`${url}?${wish}`, { headers });
  if (!answer.ok || answer.body === null) throw new Error(`status ${answer.status}`);
  const rows: HeldRow[] = [];
  if (from > gap.from) {
    rows.push(heldGap({ ...gap, to: from - 1, n: Math.min(gap.n, from - gap.from) }, run));
  }
  for await (const line of linesOf(answer.body)) {
    if (line.trim() !== "") rows.push(...rowsOf(JSON.parse(line) as WireMessage, gap, run));
  }
  return rows;
}

/** Only what lies in the gap is taken, whatever the server sends. */
function rowsOf(message: WireMessage, gap: WireGap, run: string): HeldRow[] {
  const isInside = (seq: number) => seq >= gap.from && seq <= gap.to;
  if (message.t === "gap") return isInside(message.from) ? [heldGap(message, run)] : [];
  if (message.t !== "b") return [];
  return message.r.filter(([seq]) => isInside(seq)).map(([seq, record]) => heldRecord(seq, record));
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
