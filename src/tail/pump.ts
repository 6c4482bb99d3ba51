import type { Clock } from "../clock.ts";
import type { TailCursor, TailRead } from "./cursor.ts";
import type { TailFace } from "./face.ts";
import { CLOSE_CODES } from "./protocol.ts";
import type { TailSocket } from "./socket.ts";
import type { Tail } from "./tail.ts";

/** Bytes waiting in a socket above which nothing more is sent: no runtime bounds them by itself. */
const HIGH_MARK_BYTES = 256 * 1024;
/** How often a socket above the mark is looked at again; only Bun says when it has drained. */
const POLL_MS = 50;
/** A socket above the mark that takes nothing for so long is given up. */
const STALL_MS = 10_000;
/** A live reader further behind than this is moved on: it watches the present. */
const SKIP_RECORDS = 10_000;
/** What a reader that was moved on still gets of the past. */
const SKIP_KEEP_RECORDS = 500;
/** The time between heartbeats on a quiet socket: below every runtime's idle limit. */
export const SOCKET_HEARTBEAT_MS = 15_000;

/** What one client's pump works with. */
export interface PumpOptions {
  readonly tail: Tail;
  readonly cursor: TailCursor;
  readonly socket: TailSocket;
  readonly face: TailFace;
  readonly clock: Clock;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/**
 * Sends a client everything from its place on, until it is gone, stalls, or the tail is closed. Reads
 * only when the socket has room, so a slow client costs its own lag and no memory.
 */
export async function pumpSocket(options: PumpOptions): Promise<void> {
  const { socket, cursor, signal } = options;
  try {
    await pump(options);
  } catch (error) {
    if (!signal.aborted) socket.close(CLOSE_CODES.failed, closeReason(error));
  } finally {
    cursor.close();
  }
}

async function pump(options: PumpOptions): Promise<void> {
  const { tail, cursor, socket, face, signal } = options;
  let live = false;
  while (!signal.aborted) {
    if (!await hasRoom(options)) return;
    if (live && cursor.lag > SKIP_RECORDS) {
      sendAll(socket, face.gap(cursor.skipTo(cursor.seq + cursor.lag - SKIP_KEEP_RECORDS)));
    }
    const read = await cursor.next();
    if (read.kind !== "end") {
      if (!sendRead(options, read, !live)) return;
      await turn(options.clock);
      continue;
    }
    if (!live) sendAll(socket, face.live(cursor.seq));
    live = true;
    if (tail.closed) return socket.close(CLOSE_CODES.shutdown, "The server is closing");
    await waitForMore(options);
  }
}

function sendRead(
  { socket, face }: PumpOptions,
  read: Exclude<TailRead, { kind: "end" }>,
  replay: boolean,
): boolean {
  const sent = sendAll(socket, read.kind === "gap" ? face.gap(read) : face.lines(read, replay));
  if (!sent) socket.drop(CLOSE_CODES.stalled, "The client does not read");
  return sent;
}

function sendAll(socket: TailSocket, messages: readonly string[]): boolean {
  for (const message of messages) if (!socket.send(message)) return false;
  return true;
}

/** Waits until the socket is below its mark. False if it stalled and was given up. */
async function hasRoom({ socket, clock, signal }: PumpOptions): Promise<boolean> {
  let buffered = socket.buffered();
  let movedAt = clock.monotonic();
  while (buffered > HIGH_MARK_BYTES && !signal.aborted) {
    await new Promise<void>((resolve) => clock.setTimer(resolve, POLL_MS));
    const now = socket.buffered();
    if (now < buffered) movedAt = clock.monotonic();
    buffered = now;
    if (clock.monotonic() - movedAt < STALL_MS) continue;
    socket.drop(CLOSE_CODES.stalled, "The client does not read");
    return false;
  }
  return true;
}

/** Lets the rest of the process have its turn between two sends. */
function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.defer(resolve));
}

async function waitForMore({ tail, cursor, socket, face, signal }: PumpOptions): Promise<void> {
  await cursor.wait(signal, SOCKET_HEARTBEAT_MS);
  if (cursor.lag > 0 || tail.closed) return;
  sendAll(socket, face.heartbeat(cursor.seq - 1, cursor.lag));
}

function closeReason(error: unknown): string {
  // A close reason holds 123 bytes at most.
  return (error instanceof Error ? error.message : String(error)).replace(/[^ -~]/g, "?").slice(
    0,
    120,
  );
}
