/** A WebSocket client by hand, over TCP: as little work as can be, and in control of when it reads. */
import { connect, type Socket } from "node:net";

/** What the client is told. */
export interface ReaderEvents {
  /** Connected. */
  onOpen(): void;
  /** A message; the bytes are valid during the call only. */
  onMessage(payload: Buffer): void;
  /** The connection is closed. */
  onClose(): void;
}

const TEXT = 1;
const PING = 9;
const PONG = 10;
/** What a slow client reads in one go. */
const SLOW_BYTES = 16 * 1024;
const BUFFER_BYTES = 64 * 1024;

/** How a client reads: at full speed, so many bytes a second, or not at all. */
export type Pace = "full" | "dead" | { readonly bytesPerSecond: number };

/** One client of `ws://127.0.0.1:port/path`. Messages of the server are taken to be whole and unmasked. */
export class ReaderSocket {
  readonly #socket: Socket;
  readonly #events: ReaderEvents;
  #pace: Pace;
  #isOpen = false;
  #held = Buffer.alloc(0);
  #used = 0;

  constructor(port: number, path: string, pace: Pace, events: ReaderEvents) {
    this.#events = events;
    this.#pace = pace;
    const size = pace === "full" ? BUFFER_BYTES : SLOW_BYTES;
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: { buffer: Buffer.alloc(size), callback: (count, bytes) => this.#read(count, bytes) },
    });
    this.#socket.on("connect", () => this.#socket.write(handshake(port, path)));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => events.onClose());
  }

  /** Sends text of fewer than 126 bytes. */
  send(text: string): void {
    this.#sendFrame(TEXT, Buffer.from(text));
  }

  /** Reads at full speed from now on. */
  hurry(): void {
    this.#pace = "full";
    this.#socket.resume();
  }

  /** Gives up at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #sendFrame(opcode: number, payload: Buffer): void {
    // A mask of zeros is a mask, and leaves the text as it is.
    const head = Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  /** Whether to go on reading. */
  #read(count: number, bytes: Uint8Array): boolean {
    this.#hold(bytes.subarray(0, count));
    const end = this.#isOpen ? 0 : this.#open();
    this.#drop(this.#takeFrames(end));
    if (this.#pace === "full" || !this.#isOpen) return true;
    if (this.#pace !== "dead") {
      setTimeout(() => this.#socket.resume(), count * 1000 / this.#pace.bytesPerSecond);
    }
    return false;
  }

  #hold(bytes: Uint8Array): void {
    const used = this.#used + bytes.length;
    if (used > this.#held.length) {
      const grown = Buffer.alloc(used * 2);
      grown.set(this.#held.subarray(0, this.#used));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#used);
    this.#used = used;
  }

  #drop(count: number): void {
    if (count < this.#used) this.#held.copyWithin(0, count, this.#used);
    this.#used -= count;
  }

  /** The end of the answer to the handshake, 0 while it is not whole. */
  #open(): number {
    const end = this.#held.subarray(0, this.#used).indexOf("\r\n\r\n") + 4;
    if (end < 4) return 0;
    const status = this.#held.toString("latin1", 9, 12);
    if (status !== "101") throw new Error(`The server answers ${status} instead of 101`);
    this.#isOpen = true;
    this.#events.onOpen();
    return end;
  }

  /** Takes whole frames from `start` on; where the rest begins. */
  #takeFrames(start: number): number {
    let at = start;
    while (this.#isOpen && at + 2 <= this.#used) {
      const short = this.#held[at + 1]! & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + head > this.#used) break;
      const size = short < 126
        ? short
        : this.#held.readUIntBE(at + (short === 126 ? 2 : 4), head === 4 ? 2 : 6);
      if (at + head + size > this.#used) break;
      const payload = this.#held.subarray(at + head, at + head + size);
      const opcode = this.#held[at]! & 0x0f;
      if (opcode === TEXT) this.#events.onMessage(payload);
      if (opcode === PING) this.#sendFrame(PONG, Buffer.from(payload));
      at += head + size;
    }
    return at;
  }
}

function handshake(port: number, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n");
}
