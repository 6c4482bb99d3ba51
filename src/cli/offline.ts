import { messageOf, SinkClosedError } from "../errors.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Runs a command that looks at a folder, and answers its exit code: what it cannot read is its user's to
 * mend, and a reader that went away is no failure.
 *
 * @throws {UsageError} If the command failed
 */
export async function offline(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof SinkClosedError) return 0;
    // These would be mistakes of this program, not of its user.
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    throw error instanceof UsageError ? error : new UsageError(messageOf(error), { cause: error });
  }
}
