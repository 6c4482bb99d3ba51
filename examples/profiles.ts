/**
 * A pipeline from a YAML file: development.yaml, high_throughput.yaml or high_reliability.yaml of this
 * folder, or one of your own. logflume.yaml names every setting.
 *
 *     deno run -A examples/profiles.ts examples/high_reliability.yaml
 */
import process from "node:process";
import { openPipeline } from "@logflume/logflume";
import { ConfigError, loadConfig } from "@logflume/logflume/config";

try {
  const config = await loadConfig(process.argv[2] ?? new URL("development.yaml", import.meta.url));
  await using pipeline = await openPipeline(config);
  pipeline.logger("shop").info("order placed", { order: 42 });
  await pipeline.drain();
  const { mode, capacity } = pipeline.stats();
  console.error(`${config.file}: ${mode}, room for ${capacity} records`);
} catch (error) {
  // All that is wrong, each as file:line:column, what is wrong and what is allowed.
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
