import type { Clock } from "../clock.ts";
import { TailBeat } from "./pump_beat.ts";
import { TailTraffic, type TailTrafficStats } from "./session_traffic.ts";
import type { Tail } from "./tail.ts";
import { TailViews } from "./views.ts";

/** What the WebSocket clients of one tail have in common. */
export interface TailShared {
  readonly views: TailViews;
  readonly beat: TailBeat;
  readonly traffic: TailTraffic;
}

/** A tail does not know of sockets; what belongs to it here goes when it goes. */
const sharedBy = new WeakMap<Tail, TailShared>();

/** What the clients of `tail` share, made when the first of them comes, with its clock. */
export function sharedOf(tail: Tail, clock: Clock): TailShared {
  let shared = sharedBy.get(tail);
  if (shared === undefined) {
    shared = { views: new TailViews(), beat: new TailBeat(clock), traffic: new TailTraffic() };
    sharedBy.set(tail, shared);
  }
  return shared;
}

/**
 * Figures of the WebSocket clients of a tail, since it was made; all 0 before the first of them has come.
 * Looks at each client once.
 *
 * @example
 * ```ts
 * import { createTail } from "@logflume/logflume";
 * import { tailTraffic } from "@logflume/logflume/hono";
 *
 * using tail = createTail();
 * console.log(tailTraffic(tail).clients); // 0
 * ```
 */
export function tailTraffic(tail: Tail): TailTrafficStats {
  return (sharedBy.get(tail)?.traffic ?? new TailTraffic()).stats();
}
