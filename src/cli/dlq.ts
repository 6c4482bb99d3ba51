import { systemClock } from "../clock.ts";
import { dlqImport, dlqRm } from "./dlq_change.ts";
import { DLQ_COMMAND_HELP, DLQ_HELP } from "./dlq_help.ts";
import { dlqExport, dlqLs, dlqShow } from "./dlq_look.ts";
import { type DlqCommand, type DlqOptions, parseDlqOptions } from "./dlq_options.ts";
import { dlqReplay } from "./dlq_replay.ts";
import { offline } from "./offline.ts";
import { print, sayRaw } from "./say.ts";
import { UsageError } from "./usage_error.ts";

const COMMANDS: Readonly<Record<DlqCommand, (options: DlqOptions) => Promise<number>>> = {
  ls: dlqLs,
  show: dlqShow,
  replay: dlqReplay,
  rm: dlqRm,
  export: dlqExport,
  import: dlqImport,
};

/**
 * `logflume dlq`: looks after the dead letters of a pipeline. Answers the exit code.
 *
 * @throws {UsageError} If it was called wrongly, or the dead letters cannot be read or are in use
 */
export function dlq(args: readonly string[]): Promise<number> {
  return offline(() => dispatch(args));
}

async function dispatch([command, ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case "--help":
    case "-h":
    case "help":
      await print(DLQ_HELP);
      return 0;
    case undefined:
      sayRaw(DLQ_HELP);
      return 2;
  }
  if (!isCommand(command)) {
    throw new UsageError(
      `Unknown command "dlq ${command}": use ls, show, replay, rm, export or import, ` +
        `or see logflume dlq --help`,
    );
  }
  const options = parseDlqOptions(command, rest, systemClock.now());
  if (!options.help) return await COMMANDS[command](options);
  await print(DLQ_COMMAND_HELP[command]);
  return 0;
}

function isCommand(name: string): name is DlqCommand {
  return Object.hasOwn(COMMANDS, name);
}
