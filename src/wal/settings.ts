import type { LogSettings } from "../storage/store.ts";
import type { FileStore } from "../storage/store.ts";
import type { DamagePolicy } from "./damage.ts";

/** How a write-ahead log behaves. */
export interface WalOptions extends LogSettings {
  /** A segment is closed at this size. @default {67108864} (64 MiB) */
  readonly segmentBytes?: number;
  /** The log is full beyond this many segments; every start makes one. @default {Infinity} */
  readonly maxSegments?: number;
  /** Bytes of the newest records to keep in memory for readers that keep up. @default {4194304} */
  readonly windowBytes?: number;
  /**
   * What is done about damage: `refuse` throws, at opening and when a reader comes to it; `quarantine`
   * keeps a copy, skips exactly what is damaged, tells, and keeps everything else. A pipeline has another
   * default.
   *
   * @default {"refuse"}
   */
  readonly onDamage?: DamagePolicy;
}

/** Options with their defaults. */
export type WalSettings = Required<Omit<WalOptions, "onNotice" | "clock">>;

/**
 * Fills in what an option leaves open.
 *
 * @throws {RangeError} If a size is too small to work with, or the store cannot give what is asked
 */
export function walSettings(store: FileStore, options: WalOptions): WalSettings {
  const maxBytes = options.maxBytes ?? 4 * 1024 ** 3;
  const segmentBytes = Math.min(options.segmentBytes ?? 64 * 1024 ** 2, Math.floor(maxBytes / 4));
  if (!(segmentBytes >= 4096)) {
    throw new RangeError(`Cannot use segments of ${segmentBytes} bytes: allowed are 4096 and more`);
  }
  return {
    sync: syncPolicy(store, options),
    syncIntervalMs: options.syncIntervalMs ?? 500,
    segmentBytes,
    retain: options.retain ?? 64 * 1024 ** 2,
    retainAgeMs: options.retainAgeMs ?? Infinity,
    maxBytes,
    maxSegments: options.maxSegments ?? Infinity,
    atOnce: options.atOnce === true && store.keeps === "disk" &&
      store.syncFolderSync !== undefined,
    windowBytes: options.windowBytes ?? 4 * 1024 ** 2,
    onDamage: options.onDamage ?? "refuse",
  };
}

function syncPolicy(store: FileStore, { sync }: WalOptions): WalSettings["sync"] {
  if (store.keeps === "disk") return sync ?? "always";
  if (sync === undefined || sync === "never") return "never";
  throw new RangeError(
    `Cannot use sync: "${sync}" with the store "${store.label}", which loses everything with the ` +
      `process: leave sync out, or use a store on disk such as fileStore()`,
  );
}
