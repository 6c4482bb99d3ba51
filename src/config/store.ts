/** The log and its store, from their settings. */
import type { PipelineWalOptions } from "../pipeline/options.ts";
import { fileStore } from "../storage/file.ts";
import { memoryStore } from "../storage/memory.ts";
import { sqliteStore } from "../storage/sqlite.ts";
import type { FileStore, LogProvider, LogSettings } from "../storage/store.ts";
import { openWal, type WalOptions } from "../wal/wal.ts";
import type { ConfigPath } from "./problem.ts";
import type { Settings } from "./schema.ts";
import { withoutUndefined } from "./without_undefined.ts";

/** The folder of the log, as the command line has it. */
const DEFAULT_FOLDER = ".logflume";
const MIB = 1024 * 1024;

/** What a pipeline without a log on disk keeps its records in, as `openPipeline` does by itself. */
const IN_MEMORY: WalOptions = {
  segmentBytes: MIB,
  maxBytes: 16 * MIB,
  maxSegments: Infinity,
  windowBytes: Infinity,
  retain: 0,
};

/** What is made of the settings of log, store and dead letters. */
export interface LogChoice {
  /** Undefined: all is in memory. */
  readonly wal: PipelineWalOptions | undefined;
  /** Where it is, for people. */
  readonly place: string;
  /** The folders that are the log's own. */
  readonly folders: readonly string[];
  /** Whether records survive the process. */
  readonly isDurable: boolean;
}

/** Chooses the log. */
export function logOf(
  settings: Settings,
  report: (path: ConfigPath, message: string) => void,
): LogChoice {
  const { wal, store } = settings;
  const isOn = wal === undefined ? store !== undefined : wal.enabled !== false;
  const letterFolder = settings.dead_letter?.enabled === false
    ? undefined
    : settings.dead_letter?.dir;
  if (wal?.dir !== undefined && store?.path !== undefined) {
    report(["store", "path"], "wal.dir says where the log is already: leave one of them out");
  }
  const type = isOn ? store?.type ?? "file" : "memory";
  if (type === "memory") return inMemory(letterFolder);
  if (type === "sqlite") return inSqlite(settings, letterFolder, report);
  const folder = store?.path ?? wal?.dir ?? DEFAULT_FOLDER;
  const isApart = letterFolder !== undefined && letterFolder !== `${folder}/dead-letters`;
  const options = { ...commonOptions(settings), ...segmentOptions(settings) };
  const files = fileStore(folder);
  return {
    wal: isApart
      ? { ...commonOptions(settings), store: apart(files, segmentOptions(settings), letterFolder) }
      : { ...options, store: files },
    place: isApart ? `${folder}, dead letters in ${letterFolder}` : folder,
    folders: isApart ? [folder, letterFolder] : [folder],
    isDurable: true,
  };
}

function inMemory(letterFolder: string | undefined): LogChoice {
  if (letterFolder === undefined) {
    return { wal: undefined, place: "memory", folders: [], isDurable: false };
  }
  const store = apart(memoryStore(), IN_MEMORY, letterFolder);
  return {
    wal: { store },
    place: `memory, dead letters in ${letterFolder}`,
    folders: [letterFolder],
    isDurable: false,
  };
}

function inSqlite(
  settings: Settings,
  letterFolder: string | undefined,
  report: (path: ConfigPath, message: string) => void,
): LogChoice {
  const path = settings.store?.path;
  if (path === undefined) report(["store"], '"path" is missing: give it the SQLite file');
  if (letterFolder !== undefined) {
    report(
      ["dead_letter", "dir"],
      "with a store of type sqlite dead letters are in its file: leave this out",
    );
  }
  for (const name of ["segment_size", "max_segments", "window_bytes", "on_damage"] as const) {
    if (settings.wal?.[name] === undefined) continue;
    report(["wal", name], "a store of type sqlite has no segments: leave this out");
  }
  if (path === undefined) return { wal: undefined, place: "", folders: [], isDurable: true };
  return {
    wal: { ...commonOptions(settings), store: sqliteStore(path) },
    place: path,
    folders: [],
    isDurable: true,
  };
}

function commonOptions({ wal = {} }: Settings): Partial<Omit<PipelineWalOptions, "store">> {
  return withoutUndefined({
    // An interval between syncs has a meaning only if it is them that are waited for.
    sync: wal.sync ?? (wal.sync_interval === undefined ? undefined : "interval" as const),
    syncIntervalMs: wal.sync_interval,
    retain: wal.retain,
    retainAgeMs: wal.retain_age,
    maxBytes: wal.max_bytes,
    onLimit: wal.on_limit,
  });
}

function segmentOptions({ wal = {} }: Settings): Partial<WalOptions> {
  return withoutUndefined({
    segmentBytes: wal.segment_size,
    maxSegments: wal.max_segments,
    windowBytes: wal.window_bytes,
    onDamage: wal.on_damage,
  });
}

/** Records in one store, dead letters in a folder of their own. */
function apart(records: FileStore, own: WalOptions, letterFolder: string): LogProvider {
  const inFolder = (settings: LogSettings): WalOptions => ({
    onDamage: "quarantine",
    ...settings,
    segmentBytes: 4 * MIB,
  });
  return {
    label: records.label,
    keeps: records.keeps === "disk" ? "disk" : "process",
    openLog: (name, settings) =>
      name === "dead-letters"
        ? openWal(fileStore(letterFolder), inFolder(settings))
        : openWal(records, { onDamage: "quarantine", ...settings, ...own }),
  };
}
