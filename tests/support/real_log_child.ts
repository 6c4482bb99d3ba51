/**
 * A process that has a log and does what its standard input says, a command a line. It answers on standard
 * output: `open NEXT`, `ack LAST` once all up to LAST is durable, `rejected LAST WHY`, `saved`, `closed`,
 * or `refused WHY`; a notice of the log comes as `notice KIND MESSAGE`.
 */
import process from "node:process";
import { openWal, type Wal } from "../../mod.ts";
import { fileStore } from "../../src/storage/file.ts";
import { mixedLine } from "./real_lines.ts";
import { say, scriptArgument } from "./spawn.ts";

/** What the process is to do. */
export interface LogTask {
  /** The folder of the log. */
  readonly folder: string;
  /** Named in each line. */
  readonly writer: string;
}

const { folder, writer } = scriptArgument() as LogTask;
let wal: Wal | undefined;

const COMMANDS: Readonly<Record<string, (number: number) => Promise<void> | void>> = {
  async open() {
    wal = await openWal(fileStore(folder), {
      segmentBytes: 1_048_576,
      retain: "all",
      onNotice: ({ kind, message }) => say(`notice ${kind} ${message}`),
    });
    say(`open ${wal.nextSeq}`);
  },
  write(count) {
    let last = 0;
    for (let i = 0; i < count; i++) last = wal!.stage(mixedLine(wal!.nextSeq, writer));
    wal!.sync().then(() => say(`ack ${last}`), (error) => say(`rejected ${last} ${told(error)}`));
  },
  cursor(nextSeq) {
    const counts = { deadLettered: 0, dropped: {}, filtered: 0, redelivered: 0 };
    const row = { lane: writer, since: 1, nextSeq, delivered: nextSeq - 1, ...counts };
    wal!.saveCursorsSync([row]);
    say("saved");
  },
  async close() {
    try {
      await wal!.close();
      say("closed");
    } finally {
      process.stdin.pause();
    }
  },
};

function told(error: unknown): string {
  const { name, message } = error as Error;
  return `${name} ${message}`;
}

async function obey(command: string): Promise<void> {
  const [name, number] = command.split(" ");
  try {
    await COMMANDS[name!]!(Number(number));
  } catch (error) {
    say(`refused ${told(error)}`);
  }
}

let rest = "";
let obeyed = Promise.resolve();
process.stdin.setEncoding("utf8").on("data", (part: string) => {
  const lines = (rest + part).split("\n");
  rest = lines.pop()!;
  for (const line of lines) obeyed = obeyed.then(() => obey(line));
});
