/** A queue that is half full: one item in, one out. */
import Denque from "denque";
import { createRing } from "../../../src/buffer/ring.ts";
import type { Program } from "../measure.ts";

const CAPACITY = 1024;

interface Queue {
  push(item: string): unknown;
  shift(): string | undefined;
}

/** Nanoseconds for a push and a shift together. */
function pairs(make: () => Queue): Program {
  return (_folder, count) => {
    const queue = make();
    // Half full: an empty queue would only ever touch one slot.
    for (let i = 0; i < CAPACITY / 2; i++) queue.push("line");
    const begin = performance.now();
    for (let i = 0; i < count; i++) {
      queue.push("line");
      queue.shift();
    }
    const ns = ((performance.now() - begin) * 1e6) / count;
    return Promise.resolve({ figures: { ns } });
  };
}

/** Our ring. */
export const ringOurs: Program = pairs(() => createRing<string>(CAPACITY));
/** denque, as long as our ring. */
export const ringDenque: Program = pairs(() => new Denque<string>([], { capacity: CAPACITY }));
