/** A place in a line, which can be given up from the middle at no cost. */
export class Place<T> {
  readonly item: T;
  line: Line<T> | undefined;
  before: Place<T> | undefined;
  after: Place<T> | undefined;

  constructor(item: T, line: Line<T>) {
    this.item = item;
    this.line = line;
  }

  /** Gives the place up. */
  leave(): void {
    this.line?.remove(this);
  }
}

/** A doubly linked list, first in, first out: every operation takes the same time at any length. */
export class Line<T> {
  size = 0;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  /** Who stands in front. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  /** Joins at the end. */
  push(item: T): Place<T> {
    const place = new Place(item, this);
    const last = this.#last;
    if (last === undefined) this.#first = place;
    else last.after = place;
    place.before = last;
    this.#last = place;
    this.size++;
    return place;
  }

  /** Takes who stands in front. */
  shift(): T | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.remove(first);
    return first.item;
  }

  /** Takes a place out; it must be one of this line. */
  remove(place: Place<T>): void {
    const { before, after } = place;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    place.before = place.after = place.line = undefined;
    this.size--;
  }
}
