import { DamagedLogError } from "../errors.ts";
import { keepDamaged } from "./aside.ts";
import type { FileStore, LogNotice, SeqRun } from "../storage/store.ts";

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
  /** Files that were found to be damaged. */
  readonly damaged: Set<string>;
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
  context.damaged.add(place.file);
  if (context.policy === "quarantine") return context.tell({ kind: "damage", message });
  throw new DamagedLogError(
    `${message}; set onDamage to "quarantine" to go on without what is damaged`,
    place,
  );
}

/** Records that a reader cannot give, and where they should stand. */
export type LostRecords = DamagedPlace & SeqRun;

/** The damage that is known: each place is told once. */
export class DamageFound {
  readonly #context: RecoveryContext;
  readonly #known: SeqRun[];

  constructor(
    store: FileStore,
    policy: DamagePolicy,
    tell: (notice: LogNotice) => void,
    known: readonly SeqRun[],
  ) {
    this.#known = [...known];
    this.#context = { store, policy, tell, damaged: new Set() };
  }

  /** Records that were found to be lost. */
  get lost(): number {
    return this.#known.reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * A reader came to damage.
   *
   * @throws {DamagedLogError} If the policy is `refuse`
   */
  met({ firstSeq, count, ...place }: LostRecords): void {
    const isKnown = this.#known.some((run) =>
      run.firstSeq <= firstSeq && firstSeq + count <= run.firstSeq + run.count
    );
    if (isKnown) return;
    const last = firstSeq + count - 1;
    const what = `is damaged: records ${firstSeq} to ${last} cannot be read and were skipped`;
    reportDamage(this.#context, place, what);
    this.#known.push({ firstSeq, count });
    void keepDamaged(this.#context.store, place.file);
  }
}
