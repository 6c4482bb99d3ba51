import type { Clock } from "../clock.ts";
import type { Lane } from "../delivery/lane.ts";
import type { LogStore } from "../storage/store.ts";
import type { PipelineEvent } from "./options.ts";
import type { DrainReport, WaitOptions } from "./pipeline.ts";

/** What a drain needs of the pipeline around it. */
export interface DrainHost {
  readonly clock: Clock;
  readonly log: LogStore;
  readonly lanes: readonly Lane[];
  /** Resolves when everything accepted before the call is staged. */
  staged(): Promise<void>;
}

/** Those who wait until every lane has settled what was accepted before they came. */
export class Drains {
  readonly #host: DrainHost;
  readonly #checks = new Set<() => void>();

  constructor(host: DrainHost) {
    this.#host = host;
  }

  /** A lane has settled records, or settles no more: who waits looks again. */
  changed(): void {
    for (const check of this.#checks) check();
  }

  /** Waits, and tells what was settled meanwhile and what is left. */
  async drain(options: WaitOptions): Promise<DrainReport> {
    const { lanes, log } = this.#host;
    const before = settledByLane(lanes);
    const target = this.#host.staged().then(() => log.nextSeq, () => Infinity);
    const drained = await this.#wait(target, options);
    const flushed = Object.fromEntries(
      Object.entries(settledByLane(lanes)).map(([name, n]) => [name, n - (before[name] ?? 0)]),
    );
    return { drained, flushed, ...leftOver(lanes, log) };
  }

  /**
   * Waits until every lane has settled everything below the target. False if the time was over, or a lane
   * will not settle any more.
   */
  async #wait(target: Promise<number>, { timeoutMs, signal }: WaitOptions): Promise<boolean> {
    const { clock, log, lanes } = this.#host;
    const release = clock.hold();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const deadline = clock.monotonic() + (timeoutMs ?? Infinity);
    const check = async (): Promise<void> => {
      const seq = await target;
      const leftMs = deadline - clock.monotonic();
      if (lanes.every((lane) => lane.nextSeq >= seq)) resolve(true);
      else if (lanes.every((lane) => lane.nextSeq >= seq || isHeld(lane, leftMs))) resolve(false);
      else if (log.failure !== undefined) resolve(false);
    };
    const stop = (): void => resolve(false);
    const cancel = timeoutMs === undefined ? undefined : clock.setTimer(stop, timeoutMs);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    this.#checks.add(check);
    // Nobody waits for a full batch any more.
    void target.then((seq) => lanes.forEach((lane) => lane.hurry(seq)));
    void check();
    try {
      return await promise;
    } finally {
      release();
      cancel?.();
      signal?.removeEventListener("abort", stop);
      this.#checks.delete(check);
    }
  }
}

/** Records that each lane has settled so far. */
function settledByLane(lanes: readonly Lane[]): Record<string, number> {
  return Object.fromEntries(lanes.map((lane) => {
    const { accepted, pending } = lane.stats();
    return [lane.name, accepted - pending];
  }));
}

/**
 * What is pending, by lane: what is written to a disk stays, what is in memory or only staged for a disk
 * that refuses ends with the pipeline.
 */
export function leftOver(
  lanes: readonly Lane[],
  log: LogStore,
): Pick<DrainReport, "onDisk" | "lost"> {
  const onDisk: Record<string, number> = {};
  const lost: Record<string, number> = {};
  for (const lane of lanes) {
    const { name, unwritten } = lane;
    const { pending } = lane.stats();
    const stays = log.acknowledges === "memory" ? 0 : pending - Math.min(pending, unwritten);
    if (stays > 0) onDisk[name] = stays;
    if (pending > stays) lost[name] = pending - stays;
  }
  return { onDisk, lost };
}

/** Whether a lane settles nothing in this time: it has ended, is paused or parked, or its breaker is open. */
function isHeld({ heldForMs }: Lane, leftMs: number): boolean {
  return heldForMs > 0 && heldForMs >= leftMs;
}

/**
 * What to tell of records that a log at its limit had no room for when its pipeline was closed; undefined
 * if there are none, or if the log has failed, which tells of them itself.
 */
export function lossAtLimit(
  { acknowledges, failure }: LogStore,
  waiting: number,
): PipelineEvent | undefined {
  if (waiting === 0 || acknowledges === "memory" || failure !== undefined) return undefined;
  const records = waiting === 1 ? "record" : "records";
  return {
    kind: "limit",
    message: `The log was at its limit when the pipeline was closed, with ${waiting} accepted ` +
      `${records} still in memory: they are lost; raise wal.maxSegments, or let the sinks catch up ` +
      `before closing`,
  };
}
