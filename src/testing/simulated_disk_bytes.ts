/** Bytes that grow, with room to spare, so that appending does not copy them each time. */
export class GrowingBytes {
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** A view of those from `from` up to `to`, or to the end; valid until they grow. */
  view(from: number = 0, to: number = this.#size): Uint8Array {
    return this.#bytes.subarray(Math.min(from, this.#size), Math.min(to, this.#size));
  }

  /** Writes at an offset; a hole before it reads as zeros. */
  write(bytes: Uint8Array, offset: number): void {
    this.resize(Math.max(this.#size, offset + bytes.length));
    this.#bytes.set(bytes, offset);
  }

  /** Makes them as many; new ones are zeros. */
  resize(size: number): void {
    if (size > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(size, 2 * this.#bytes.length, 4096));
      wider.set(this.view());
      this.#bytes = wider;
    }
    // What a cut leaves behind must not come back when they grow again.
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }
}
