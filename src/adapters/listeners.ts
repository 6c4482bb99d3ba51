/** A function that an event is told to. */
export type Listener = (...args: never[]) => void;

/** The part of Node's `EventEmitter` that destinations of log lines are used by. */
export interface Listeners {
  /** Calls `listener` at every event of this name. */
  on(event: string, listener: Listener): this;
  /** Calls `listener` at the next event of this name, and then no more. */
  once(event: string, listener: Listener): this;
  /** Takes a listener away; one that is not there is no error. */
  off(event: string, listener: Listener): this;
  /** The same as `on`. */
  addListener(event: string, listener: Listener): this;
  /** The same as `off`. */
  removeListener(event: string, listener: Listener): this;
  /** How many listen to this event. */
  listenerCount(event: string): number;
  /** Calls the listeners of an event in order; whether there were any. */
  emit(event: string, ...args: unknown[]): boolean;
}

interface Entry {
  readonly listener: Listener;
  readonly isOnce: boolean;
}

/**
 * Listeners by the name of their event, for places where there is no `node:events`. Other than there, an
 * `error` nobody listens to is not thrown: a logger must not end the program it logs for.
 */
export class EventListeners implements Listeners {
  readonly #entries = new Map<string, readonly Entry[]>();

  on(event: string, listener: Listener): this {
    return this.#add(event, { listener, isOnce: false });
  }

  once(event: string, listener: Listener): this {
    return this.#add(event, { listener, isOnce: true });
  }

  off(event: string, listener: Listener): this {
    const entries = this.#entries.get(event) ?? [];
    const last = entries.findLastIndex((entry) => entry.listener === listener);
    if (last >= 0) this.#entries.set(event, entries.toSpliced(last, 1));
    return this;
  }

  addListener(event: string, listener: Listener): this {
    return this.on(event, listener);
  }

  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener);
  }

  listenerCount(event: string): number {
    return this.#entries.get(event)?.length ?? 0;
  }

  emit(event: string, ...args: unknown[]): boolean {
    const entries = this.#entries.get(event) ?? [];
    for (const { listener, isOnce } of entries) {
      if (isOnce) this.off(event, listener);
      (listener as (...args: unknown[]) => void).apply(this, args);
    }
    return entries.length > 0;
  }

  #add(event: string, entry: Entry): this {
    if (typeof entry.listener !== "function") {
      throw new TypeError(`Cannot listen to "${event}": pass a function`);
    }
    this.#entries.set(event, [...this.#entries.get(event) ?? [], entry]);
    return this;
  }
}
