import type { Resend } from "../delivery/dead_letter_replay.ts";
import type { Lane } from "../delivery/lane.ts";
import type { Ledger } from "./ledger.ts";

/**
 * Sends replayed dead letters to the lanes of their names. One counts as delivered when the lane's sink has
 * synced it and the cursors are durable: a sink that goes back to its checkpoint after a crash goes back to
 * one that knows of it.
 */
export function resendTo(lanes: readonly Lane[], ledger: Ledger): Resend {
  return async (letter, context) => {
    const lane = lanes.find(({ name }) => name === letter.lane);
    if (lane === undefined || lane.ended) return "skip";
    const outcome = await lane.resends.send(letter, context);
    if (outcome !== undefined) return outcome;
    await ledger.sync();
  };
}
