/** Logs one line of each level through `init` and says what came of it. */
import { init, type InitOptions } from "../../src/sink/file.ts";
import { say, scriptArgument } from "./spawn.ts";

const { path, options = {} } = scriptArgument() as { path: string; options?: InitOptions };
try {
  const log = init(path, options);
  log.debug("debug");
  log.info("info");
  log.error("error");
  const { writes, waiting } = log.stats();
  say(JSON.stringify({ level: log.level, writes, waiting }));
} catch (error) {
  say(String(error));
}
