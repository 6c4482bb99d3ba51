/** pino, each way it writes to a file, in its fastest form: time and level as numbers, fields flat. */
import { once } from "node:events";
import { join } from "node:path";
import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import { costOf, nextTurn, type Program, rates } from "../measure.ts";

/** No process id and no host name in the line. */
export const PINO_OPTIONS: LoggerOptions = { base: null };
/** What an asynchronous destination gets before the event loop runs. */
const BURST_RECORDS = 1000;

interface Ending {
  end(): void;
  on(event: string, listener: () => void): unknown;
}

/** Into a file with `write(2)` at every record, or when so many bytes have gathered. */
function pinoSync(minLength: number): Program {
  return (folder, count) => {
    const path = join(folder, "out");
    const destination = pino.destination({ dest: path, sync: true, minLength });
    const log = pino(PINO_OPTIONS, destination);
    return run(path, count, destination, (from, end) => write(log, from, end));
  };
}

/** Into a file from a queue of pino's; the event loop runs after each burst. */
function pinoAsync(minLength: number): Program {
  return (folder, count) => {
    const path = join(folder, "out");
    const destination = pino.destination({ dest: path, sync: false, minLength });
    return runInBursts(path, count, destination);
  };
}

/** Into a file through pino's thread. */
const pinoTransport: Program = async (folder, count) => {
  const path = join(folder, "out");
  const transport = pino.transport({ target: "pino/file", options: { destination: path } });
  await once(transport, "ready");
  return await runInBursts(path, count, transport);
};

function runInBursts(
  path: string,
  count: number,
  destination: DestinationStream & Ending,
): ReturnType<Program> {
  const log = pino(PINO_OPTIONS, destination);
  return run(path, count, destination, async (from, end) => {
    for (let at = from; at < end; at += BURST_RECORDS) {
      write(log, at, Math.min(end, at + BURST_RECORDS));
      await nextTurn();
    }
  });
}

function write(log: Logger, from: number, end: number): void {
  for (let order = from; order < end; order++) log.info({ order, total: 99.5 }, "order placed");
}

async function run(
  path: string,
  count: number,
  destination: Ending,
  produce: (from: number, end: number) => void | Promise<void>,
): ReturnType<Program> {
  const cost = await costOf(async () => {
    await produce(0, count);
    const closed = new Promise<void>((resolve) => void destination.on("close", resolve));
    destination.end();
    await closed;
  });
  return { figures: rates(count, cost), holds: [{ path, lines: count }] };
}

/** pino's programs by name. */
export const PINO_PROGRAMS: Readonly<Record<string, Program>> = {
  "pino sync": pinoSync(0),
  "pino sync 4096": pinoSync(4096),
  "pino sync 16000": pinoSync(16000),
  "pino async": pinoAsync(0),
  "pino async 4096": pinoAsync(4096),
  "pino async 16000": pinoAsync(16000),
  "pino transport": pinoTransport,
};
