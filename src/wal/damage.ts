import { DamagedLogError } from "../errors.ts";
import type { FileStore, LogNotice } from "../storage/store.ts";

/** What to do about bytes that are not what was written. */
export type DamagePolicy = "refuse" | "quarantine";

/** What the parts of a recovery share. */
export interface RecoveryContext {
  /** The bytes. */
  readonly store: FileStore;
  /** What to do about damage. */
  readonly policy: DamagePolicy;
  /** Told of repairs and of damage. */
  readonly tell: (notice: LogNotice) => void;
}

/** Where damage is: a file, its first damaged byte, and the first byte after the damage. */
export interface DamagedPlace {
  /** The segment's name. */
  readonly file: string;
  /** First damaged byte. */
  readonly offset: number;
  /** First byte after the damage. */
  readonly end: number;
}

/**
 * Deals with damage as the policy says. `what` follows the names of the segment and the store.
 *
 * @throws {DamagedLogError} If the policy is `refuse`
 */
export function reportDamage(context: RecoveryContext, place: DamagedPlace, what: string): void {
  const message = `Segment "${place.file}" in "${context.store.label}" ${what}`;
  if (context.policy === "quarantine") return context.tell({ kind: "damage", message });
  throw new DamagedLogError(
    `${message}; set onDamage to "quarantine" to go on without what is damaged`,
    place,
  );
}
