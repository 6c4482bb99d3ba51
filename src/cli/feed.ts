import type { Pipeline } from "../pipeline/pipeline.ts";
import type { RecordInput } from "../record/record.ts";
import type { Line } from "./line_splitter.ts";

/** Where lines come from, as far as it is remembered in the log. */
export interface LineOrigin {
  /** The path, absolute. */
  readonly file: string;
  /** What tells the file from another of its name. */
  readonly id: string;
}

/** Takes lines, and waits while there is no room. False if not all of them were taken. */
export type Feed = (lines: readonly Line[], origin?: LineOrigin) => Promise<boolean>;

/** A refused line is offered again after this long, should `ready` have been too hopeful. */
const RETRY_MS = 20;

/** A feed into a pipeline that no longer waits for room once `stop` is aborted. */
export function pipelineFeed(pipeline: Pipeline, stop: AbortSignal): Feed {
  return async (lines, origin) => {
    for (const line of lines) {
      const record = recordOf(line);
      const mark = origin && { file: origin.file, id: origin.id, offset: line.endOffset };
      if (pipeline.write(record, mark)) continue;
      if (!await offerAgain(pipeline, stop, () => pipeline.write(record, mark))) return false;
    }
    await orStop(pipeline.ready, stop);
    return true;
  };
}

async function offerAgain(
  pipeline: Pipeline,
  stop: AbortSignal,
  offer: () => boolean,
): Promise<boolean> {
  for (let turn = 0; pipeline.running && !stop.aborted; turn++) {
    await orStop(pipeline.ready, stop);
    if (turn > 0) await orStop(new Promise((resolve) => setTimeout(resolve, RETRY_MS)), stop);
    if (!stop.aborted && offer()) return true;
  }
  return false;
}

/** A line is handed over as it is, so that one with JSON in it keeps its keys; a cut one says so. */
function recordOf({ text, originalBytes }: Line): RecordInput | string {
  return originalBytes === undefined
    ? text
    : { msg: text, fields: { truncated: { originalBytes } } };
}

/** Waits for a promise, or for `stop`, whichever comes first. */
export function orStop<T>(promise: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onStop = () => resolve(undefined);
    if (stop.aborted) return onStop();
    stop.addEventListener("abort", onStop, { once: true });
    promise.then(resolve, reject).finally(() => stop.removeEventListener("abort", onStop));
  });
}
