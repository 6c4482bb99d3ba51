/** A client beside the page: the plain face, read to the last line. */
import type { SavedRow } from "./rows.ts";

/** What a client of the plain face got. */
export interface Reader {
  readonly rows: readonly SavedRow[];
  /** The close code; undefined while it is open. */
  readonly closed: number | undefined;
  /** Resolves when a record with this message has come. */
  until(msg: string): Promise<void>;
  /** Resolves when it is closed. */
  readonly end: Promise<number>;
  close(): void;
}

/** Opens a WebSocket that gets one line a message; resolves when it is open. */
export async function listenTo(url: string, from: string): Promise<Reader> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}?from=${from}`);
  const rows: SavedRow[] = [];
  let closed: number | undefined;
  let wanted: { msg: string; found: () => void } | undefined;
  socket.onmessage = ({ data }) => {
    const row = JSON.parse(String(data)) as SavedRow;
    rows.push(row);
    if (row.msg === wanted?.msg) wanted?.found();
  };
  const end = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(closed = code);
  });
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
  });
  return {
    rows,
    get closed() {
      return closed;
    },
    until: (msg) =>
      rows.some((row) => row.msg === msg)
        ? Promise.resolve()
        : new Promise((found) => wanted = { msg, found }),
    end,
    close: () => socket.close(),
  };
}
