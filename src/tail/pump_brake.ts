import type { TailLimits } from "./limits.ts";
import type { TailSocket } from "./socket.ts";

/**
 * Stops sending to a socket whose bytes do not leave, and notices when nothing moves at all. No runtime
 * bounds by itself what waits in a socket, so it is looked at before every message.
 */
export class SocketBrake {
  readonly #socket: TailSocket;
  readonly #limits: TailLimits;
  #isOverMark = false;
  #buffered = 0;
  #movedAt = 0;
  #blocked = false;

  constructor(socket: TailSocket, limits: TailLimits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** Whether nothing could be sent when it was looked at last. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Whether something may be sent; `hasCredit` is what else must be true. */
  hasRoom(now: number, hasCredit: boolean): boolean {
    const { highMarkBytes, lowMarkBytes } = this.#limits;
    const buffered = this.#socket.buffered();
    if (buffered < this.#buffered) this.#movedAt = now;
    this.#buffered = buffered;
    this.#isOverMark = buffered > (this.#isOverMark ? lowMarkBytes : highMarkBytes);
    const wasBlocked = this.#blocked;
    this.#blocked = this.#isOverMark || !hasCredit;
    if (this.#blocked && !wasBlocked) this.#movedAt = now;
    return !this.#blocked;
  }

  /** The client has shown in another way that it is alive. */
  moved(now: number): void {
    this.#movedAt = now;
  }

  /** Nobody waits for the client: whatever comes next is not its fault. */
  release(): void {
    this.#blocked = false;
  }

  /** Whether the client has had news waiting for too long without taking any. */
  isStalled(now: number): boolean {
    return this.#blocked && now - this.#movedAt >= this.#limits.stallMs;
  }
}
