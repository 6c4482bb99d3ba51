import type { Pipeline } from "../pipeline/pipeline.ts";
import type { ViewPlan } from "./live_view.ts";

/** Inputs that are read in the same way. */
export interface InputGroup {
  /** Files, patterns, or `-` for standard input. */
  readonly inputs: readonly string[];
  /** Whether to wait for more at the end. */
  readonly follow: boolean;
}

/** What `logflume run` is going to do, wherever that was said. */
export interface RunPlan {
  /** Opens the pipeline. */
  readonly open: () => Promise<Pipeline>;
  readonly groups: readonly InputGroup[];
  /** Whether a path is no input, whatever a pattern says. */
  readonly isLeftOut: (path: string) => boolean;
  /** Makes records instead of reading them, until the stop. */
  readonly make?: (pipeline: Pipeline, url: string | undefined) => Promise<void>;
  /** Undefined: nothing is served. */
  readonly view: ViewPlan | undefined;
  /** How long to wait for deliveries at the end. */
  readonly drainTimeoutMs: number;
  /** Where the log is, for people. */
  readonly place: string;
  /** Whether to show how far it is. */
  readonly showsProgress: boolean;
  /** Whether to end with a line of JSON. */
  readonly showsSummary: boolean;
  /** Aborted by a signal or by a closed output: reading ends. */
  readonly stop: AbortController;
  /** Whether nobody reads our output any more. */
  readonly isOutputClosed: () => boolean;
}
