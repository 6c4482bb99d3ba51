import { StoreLockedError } from "../../errors.ts";
import type { LogProvider, LogSettings, LogStore } from "../store.ts";
import { Database } from "./database.ts";
import type { SqliteDriver } from "./driver.ts";
import { SqliteLog } from "./log.ts";
import { settle } from "./settings.ts";
import { LOGS, LogTables } from "./tables.ts";

/** Starts with a letter: names of ours begin with `_`, those of SQLite with `sqlite_`. */
const LOG_NAME = /^(?!sqlite)[a-z][a-z0-9-]{0,62}$/;

/** The logs in the file `path`, over a driver that tests make fail. The file is open while a log is. */
export function storeOver(path: string, driver: SqliteDriver): LogProvider {
  const open = new Set<string>();
  let database: Promise<Database> | undefined;
  /** A file is opened again only after it was given back. */
  let closing: Promise<void> = Promise.resolve();
  const giveBack = (name: string): Promise<void> => {
    open.delete(name);
    if (open.size > 0 || database === undefined) return Promise.resolve();
    const closed = database.then((it) => it.close());
    database = undefined;
    closing = closed.catch(() => {});
    return closed;
  };
  return {
    label: path,
    keeps: "disk",
    async openLog(name, settings) {
      assertName(name);
      settle(settings);
      if (open.has(name)) {
        throw new StoreLockedError(
          `The log "${name}" in "${path}" is open already: close it first, or use another name`,
        );
      }
      open.add(name);
      try {
        database ??= closing.then(() => Database.open(path, LOGS, driver));
        return await begin(await database, name, settings, () => giveBack(name));
      } catch (error) {
        await giveBack(name).catch(() => {});
        throw error;
      }
    },
  };
}

async function begin(
  database: Database,
  name: string,
  settings: LogSettings,
  closed: () => Promise<void>,
): Promise<LogStore> {
  const tables = new LogTables(database, name);
  const found = tables.begin(randomId(), settings.clock?.now() ?? Date.now());
  if (settings.atOnce && (settings.sync ?? "always") === "always") database.syncsAtOnce = true;
  // The number of this opening must not come again, and what a killed process left may be unsynced.
  await database.sync();
  return new SqliteLog({ database, tables, found, settings, name, closed });
}

function assertName(name: string): void {
  if (LOG_NAME.test(name)) return;
  throw new RangeError(
    `Cannot use "${name}" as the name of a log: allowed are up to 63 small letters, digits and ` +
      `hyphens, a letter first`,
  );
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
