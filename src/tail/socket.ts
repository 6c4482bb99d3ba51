/** A WebSocket of any runtime, as far as the tail needs it. */
export interface TailSocket {
  /** Whether it can be written to. */
  readonly isOpen: boolean;
  /** Sends text; false if the runtime dropped it or the socket is not open. */
  send(text: string): boolean;
  /** Bytes sent that have not left this process. */
  buffered(): number;
  /** Sends a ping of the WebSocket protocol, where the runtime has that and does not do it by itself. */
  ping(): void;
  /** Says goodbye in the proper way. */
  close(code: number, reason: string): void;
  /** Gives the connection up at once, for a client that does not read. */
  drop(code: number, reason: string): void;
}

/** What the sockets of Deno, Bun (`getBufferedAmount`, `terminate`) and `ws` have in common. */
interface RawSocket {
  readonly readyState: number;
  readonly bufferedAmount?: number;
  getBufferedAmount?(): number;
  send(text: string): unknown;
  ping?(): unknown;
  close(code?: number, reason?: string): void;
  terminate?(): void;
}

const OPEN = 1;

/** Close reasons hold 123 bytes at most. */
const MAX_REASON = 120;

/** Puts the one face over a runtime's own socket; undefined if it is none that can be used. */
export function tailSocket(raw: unknown): TailSocket | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const socket = raw as RawSocket;
  if (typeof socket.send !== "function" || typeof socket.close !== "function") return undefined;
  return {
    get isOpen() {
      return socket.readyState === OPEN;
    },
    send: (text) => sendText(socket, text),
    buffered: () => socket.getBufferedAmount?.() ?? socket.bufferedAmount ?? 0,
    ping: () => pingSocket(socket),
    close: (code, reason) => closeSocket(socket, code, reason),
    drop(code, reason) {
      // A proper close waits for the client on some runtimes, and this one does not answer.
      if (socket.terminate === undefined) closeSocket(socket, code, reason);
      else socket.terminate();
    },
  };
}

function sendText(socket: RawSocket, text: string): boolean {
  if (socket.readyState !== OPEN) return false;
  try {
    // Bun answers 0 for "dropped"; the others answer nothing.
    return socket.send(text) !== 0;
  } catch {
    return false;
  }
}

function pingSocket(socket: RawSocket): void {
  try {
    if (socket.readyState === OPEN) socket.ping?.();
  } catch {
    // It closes just now.
  }
}

function closeSocket(socket: RawSocket, code: number, reason: string): void {
  const text = reason.replace(/[^ -~]/g, "?").slice(0, MAX_REASON);
  try {
    socket.close(code, text);
  } catch {
    // Some runtimes allow 1000 and 4000 to 4999 only.
    socket.close(1000, text);
  }
}
