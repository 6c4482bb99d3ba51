import type { LogSettings } from "../store.ts";

/** Settings with their defaults. */
export type SettledLogSettings = Required<Omit<LogSettings, "onNotice" | "clock">>;

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} If the log would be too small to work with
 */
export function settle(settings: LogSettings): SettledLogSettings {
  const maxBytes = settings.maxBytes ?? 4 * 1024 ** 3;
  if (!(maxBytes >= 65_536)) {
    throw new RangeError(`Cannot use maxBytes ${maxBytes}: allowed are 65536 and more`);
  }
  return {
    sync: settings.sync ?? "always",
    syncIntervalMs: settings.syncIntervalMs ?? 500,
    retain: settings.retain ?? 64 * 1024 ** 2,
    retainAgeMs: settings.retainAgeMs ?? Infinity,
    maxBytes,
    atOnce: settings.atOnce ?? false,
  };
}
