/** Logs one line of some levels through `init` and says what came of it. Needs few permissions. */
import process from "node:process";
import { init } from "../../src/sink/file.ts";

const [, , path, options] = process.argv;
try {
  const log = init(path!, JSON.parse(options ?? "{}"));
  log.info("info");
  log.warn("warn");
  const { written, writes, waiting } = log.stats();
  console.log(JSON.stringify({ level: log.level, written, writes, waiting }));
} catch (error) {
  console.log(String(error));
}
