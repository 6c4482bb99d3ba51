import { type Load, PlainShelf, type Shelf, type ShelfLimits } from "./shelf.ts";

/** An item with its place in the order of all. */
interface Placed<T> {
  readonly item: T;
  readonly at: number;
}

const NOTHING: Load = { size: 0, bytes: 0 };

function sum(a: Load, b: Load): Load {
  return { size: a.size + b.size, bytes: a.bytes + b.bytes };
}

/**
 * A shelf of which a part is kept free for urgent items. They are held apart from the ordinary ones, so
 * that giving up the oldest never gives up an urgent item for an ordinary one; the stamps bring both back
 * into one order.
 */
export class ReserveShelf<T> implements Shelf<T> {
  readonly #limits: ShelfLimits<T>;
  readonly #isUrgent: (item: T) => boolean;
  readonly #ordinary: PlainShelf<Placed<T>>;
  readonly #urgent: PlainShelf<Placed<T>>;
  #next = 0;

  constructor(limits: ShelfLimits<T>, reserve: number, isUrgent: (item: T) => boolean) {
    const { mark, maxBytes, sizeOf, bytesOf } = limits;
    const placed = {
      sizeOf: sizeOf && (({ item }: Placed<T>) => sizeOf(item)),
      bytesOf: bytesOf && (({ item }: Placed<T>) => bytesOf(item)),
      // How the slots are shared changes with the load.
      slots: { min: 1, max: limits.slots.max },
    };
    this.#limits = limits;
    this.#isUrgent = isUrgent;
    this.#ordinary = new PlainShelf({
      ...placed,
      mark: mark - reserve,
      // The same share of the bytes: records that fill them must not keep the urgent ones out.
      maxBytes: maxBytes * (1 - reserve / mark),
    });
    this.#urgent = new PlainShelf({ ...placed, mark, maxBytes });
  }

  get size(): number {
    return this.#ordinary.size + this.#urgent.size;
  }

  get capacity(): number {
    const { min, max } = this.#limits.slots;
    return Math.min(max, Math.max(min, this.#ordinary.capacity + this.#urgent.capacity));
  }

  get room(): number {
    return Math.min(this.#ordinary.room, this.#total);
  }

  /** Room for urgent items. */
  get #total(): number {
    const { mark, maxBytes } = this.#limits;
    const { size, bytes } = this.#load;
    return bytes >= maxBytes ? 0 : mark - size;
  }

  get fullness(): number {
    const { mark, maxBytes } = this.#limits;
    const { size, bytes } = this.#load;
    return Math.max(size / mark, bytes / maxBytes, this.#ordinary.fullness);
  }

  get #load(): Load {
    return sum(this.#ordinary.load, this.#urgent.load);
  }

  takes(item: T): boolean {
    return (this.#isUrgent(item) ? this.#total : this.room) > 0;
  }

  takesAll(items: readonly T[]): boolean {
    if (items.length === 1) return this.takes(items[0]!);
    return this.#fits(items, this.#ordinary.load, this.#urgent.load);
  }

  couldTakeAll(items: readonly T[]): boolean {
    const kept = items.some(this.#isUrgent) ? NOTHING : this.#urgent.load;
    if (items.length > 1) return this.#fits(items, NOTHING, kept);
    return kept.size < this.#limits.mark && kept.bytes < this.#limits.maxBytes;
  }

  /** Whether the ordinary ones fit into their part, and all into the whole. */
  #fits(items: readonly T[], ordinary: Load, urgent: Load): boolean {
    const placed = items.map((item) => ({ item, at: 0 }));
    const plain = placed.filter(({ item }) => !this.#isUrgent(item));
    return (plain.length === 0 ||
      this.#ordinary.takesLoad(this.#ordinary.loadOf(plain), ordinary)) &&
      this.#urgent.takesLoad(this.#urgent.loadOf(placed), sum(ordinary, urgent));
  }

  put(item: T): void {
    (this.#isUrgent(item) ? this.#urgent : this.#ordinary).put({ item, at: this.#next++ });
  }

  shift(): T | undefined {
    const ordinary = this.#ordinary.peek();
    const urgent = this.#urgent.peek();
    const first = urgent === undefined || (ordinary !== undefined && ordinary.at < urgent.at)
      ? this.#ordinary
      : this.#urgent;
    return first.shift()?.item;
  }

  evictFor(items: readonly T[]): T | undefined {
    if (this.#ordinary.size > 0) return this.#ordinary.shift()!.item;
    return items.some(this.#isUrgent) ? this.#urgent.shift()?.item : undefined;
  }

  shrink(): boolean {
    const ordinary = this.#ordinary.shrink();
    return this.#urgent.shrink() || ordinary;
  }
}
