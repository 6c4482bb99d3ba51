/** A script as anybody writes it: opens a pipeline, logs, and closes nothing. */
import { openPipeline } from "../../mod.ts";

const pipeline = await openPipeline();
const log = pipeline.logger();
for (let n = 0; n < 3; n++) log.info(String(n));
