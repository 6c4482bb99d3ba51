/** Runs the pipeline of a configuration in the present folder: `config_child.ts FILE RECORDS`. */
import process from "node:process";
import { openPipeline } from "../../mod.ts";
import { loadConfig } from "../../src/config/config.ts";

const [, , file = "", count = "0"] = process.argv;
const pipeline = await openPipeline(await loadConfig(file));
const log = pipeline.logger("config");
for (let i = 0; i < Number(count); i++) log.info("record", { i });
const { drained } = await pipeline.drain({ timeoutMs: 20_000 });
const { mode, accepted, capacity, lanes } = pipeline.stats();
await pipeline.close();
console.error(JSON.stringify({ drained, mode, accepted, capacity, lanes: Object.keys(lanes) }));
