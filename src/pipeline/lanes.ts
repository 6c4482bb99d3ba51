import type { SinkLike } from "../sink/sink.ts";
import type { LaneOptions, LaneStart } from "./lane_options.ts";
import type { LaneStats } from "./stats.ts";

/** How a sink is added to a running pipeline. */
export interface AddLaneOptions {
  /** Where it begins if the log knows nothing of it. @default {"now"} */
  readonly from?: LaneStart;
}

/** How a sink is taken out of a running pipeline. */
export interface RemoveLaneOptions {
  /** Whether its place in the log is given up too, and with it what it still owes. @default {false} */
  readonly forget?: boolean;
}

/**
 * The sinks of a running pipeline. What is done to one disturbs no other and no writer.
 *
 * @example
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 *
 * await using pipeline = await openPipeline({ sinks: {} });
 * const lines: string[] = [];
 * await pipeline.lanes.add("list", (batch) => void lines.push(...batch.lines()));
 * pipeline.logger("shop").info("order placed");
 * await pipeline.drain();
 * const last = await pipeline.lanes.remove("list");
 * console.assert(lines.length === 1 && last?.delivered === 1);
 * ```
 */
export interface Lanes {
  /**
   * Adds a sink, and resolves when it is open and its place in the log is durable. A name that the log
   * has a place of goes on there, whatever `from` says.
   *
   * @throws {RangeError} If there is a sink of this name, or an option is out of range
   * @throws {TypeError} If it is no sink
   * @throws {Error} If the pipeline is closing or closed, or the sink cannot be opened
   */
  add(name: string, sink: SinkLike | LaneOptions, options?: AddLaneOptions): Promise<void>;
  /**
   * Takes a sink out: the call under way gets its signal and up to a second to end, then the sink is
   * closed. Its place in the log is kept for seven days, unless it is to be forgotten; so is the place of
   * a sink that is not there.
   *
   * @returns Its last figures; undefined if it was not there
   * @throws {RangeError} If neither the pipeline nor its log knows the name
   */
  remove(name: string, options?: RemoveLaneOptions): Promise<LaneStats | undefined>;
  /**
   * Lets no further call of a sink begin; what is under way goes on, and its records stay in the log.
   *
   * @throws {RangeError} If there is no sink of this name
   */
  pause(name: string): void;
  /**
   * Ends a pause, and lets a parked sink be asked at once.
   *
   * @throws {RangeError} If there is no sink of this name
   */
  resume(name: string): void;
  /** The figures of a sink; undefined if there is none of this name. */
  get(name: string): LaneStats | undefined;
  /** The figures of all sinks. */
  list(): LaneStats[];
}
