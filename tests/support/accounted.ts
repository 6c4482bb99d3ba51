import { openPipeline, type Pipeline, type PipelineOptions } from "../../mod.ts";
import { assertAccounted } from "./accounting.ts";

/**
 * Opens a pipeline that checks promise 1 by itself: as it opens, which may be after a crash, and before and
 * after its close.
 */
export async function openAccounted(options: PipelineOptions): Promise<Pipeline> {
  const pipeline = await openPipeline(options);
  assertAccounted(pipeline.stats());
  const close: Pipeline["close"] = async (wait) => {
    assertAccounted(pipeline.stats());
    const report = await pipeline.close(wait);
    assertAccounted(pipeline.stats());
    return report;
  };
  return new Proxy(pipeline, {
    get(target, key) {
      if (key === "close") return close;
      if (key === Symbol.asyncDispose) return async () => void await close();
      const value = target[key as keyof Pipeline] as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
