import type { TailLimits } from "./limits.ts";
import type { TailFrame } from "./views.ts";

/**
 * What a client was sent and has not acknowledged. A tab that is frozen still reads its socket, and the
 * browser keeps all of it: only acknowledgements tell.
 */
export class AckWindow {
  readonly #limits: TailLimits;
  readonly #frames: { readonly to: number; readonly size: number; readonly count: number }[] = [];
  #head = 0;
  #bytes = 0;
  #records = 0;

  constructor(limits: TailLimits) {
    this.#limits = limits;
  }

  /** Whether nothing more may be sent. */
  get full(): boolean {
    const { windowBytes, windowRecords } = this.#limits;
    return this.#bytes >= windowBytes || this.#records >= windowRecords;
  }

  /** A frame was sent. */
  sent({ to, size, count }: TailFrame): void {
    this.#frames.push({ to, size, count });
    this.#bytes += size;
    this.#records += count;
  }

  /** All frames up to `seq` are shown. Whether that was news. */
  acknowledge(seq: number): boolean {
    const before = this.#head;
    let frame = this.#frames[this.#head];
    while (frame !== undefined && frame.to <= seq) {
      this.#bytes -= frame.size;
      this.#records -= frame.count;
      frame = this.#frames[++this.#head];
    }
    const isNews = this.#head > before;
    if (this.#head * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
    return isNews;
  }

  /** The client begins at another place: what it was sent before needs no acknowledgement. */
  clear(): void {
    this.#frames.length =
      this.#head =
      this.#bytes =
      this.#records =
        0;
  }
}
