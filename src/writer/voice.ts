import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { LogRecord } from "../record/record.ts";

/** One line in this time; what is held back is counted in the next one. */
const QUIET_MS = 10_000;

/** What a writer says of failed calls when nobody listens: one line on standard error, now and then. */
export function errorVoice(clock: Clock): (error: unknown, records: readonly LogRecord[]) => void {
  let quietUntil = -Infinity;
  let held = 0;
  return (error, { length }) => {
    if (clock.monotonic() < quietUntil) {
      held++;
      return;
    }
    const records = length === 1 ? "1 record" : `${length} records`;
    const more = held === 0 ? "" : ` (${held} more failures since the last message)`;
    console.error(`logflume: Processing ${records} failed: ${messageOf(error)}${more}`);
    quietUntil = clock.monotonic() + QUIET_MS;
    held = 0;
  };
}
