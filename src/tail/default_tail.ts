import { createTail } from "./hub.ts";
import type { Tail } from "./tail.ts";

let shared: Tail | undefined;

/**
 * The tail that all parts of a process share, made at the first call: for a program that has no pipeline
 * to pass around. Once it was closed, the next call makes a new one.
 *
 * @example
 * ```ts
 * import { defaultTail } from "@logflume/logflume";
 *
 * defaultTail().write({ msg: "ready", level: "info" });
 * console.log(defaultTail().recent(1));
 * ```
 */
export function defaultTail(): Tail {
  if (shared === undefined || shared.closed) shared = createTail();
  return shared;
}
