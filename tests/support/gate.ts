/** A processor that waits: each of its calls goes on when it is let through. */
export interface Gate {
  /** Waits until it is let through, or fails as it is told. */
  enter(): Promise<void>;
  /** Lets the oldest call through, with an error if one is given. */
  open(error?: unknown): void;
  /** Calls that wait. */
  readonly waiting: number;
}

/** Makes a gate. */
export function createGate(): Gate {
  const calls: PromiseWithResolvers<void>[] = [];
  return {
    enter() {
      const call = Promise.withResolvers<void>();
      calls.push(call);
      return call.promise;
    },
    open(error) {
      const call = calls.shift();
      if (call === undefined) throw new Error("Nobody waits at the gate");
      if (error === undefined) call.resolve();
      else call.reject(error);
    },
    get waiting() {
      return calls.length;
    },
  };
}

declare function setImmediate(fn: () => void): unknown;

/** Lets promises and deferred calls come to rest. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}
