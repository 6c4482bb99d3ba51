/**
 * Copies of what is cut off or damaged, kept beside the log for people to look at.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import type { FileStore } from "../storage/store.ts";
import type { Segment } from "./segment.ts";
import { readWhole, writeWholeSync } from "./whole.ts";

/** How many bytes of a torn tail are kept beside the log. */
const TORN_KEPT_BYTES = 1_048_576;
/** How many torn tails are kept; the oldest goes first. */
const TORN_KEPT = 16;
const COPY_BYTES = 256 * 1024;

/**
 * Keeps the bytes of a segment from `from` to `to`, and says in words what became of them. The copy is a
 * courtesy: a full disk must not keep the log from opening.
 */
export async function keepTorn(
  store: FileStore,
  segment: Segment,
  from: number,
  to: number,
): Promise<string> {
  const name = `${segment.name}.${segment.header.epoch}-${from}.torn`;
  try {
    await forgetOldTorn(store);
    await copy(store, segment.name, name, from, Math.min(to, from + TORN_KEPT_BYTES));
    return `kept in "${name}"`;
  } catch (error) {
    return `not kept: ${messageOf(error)}`;
  }
}

/** Keeps a copy of a damaged segment as it was found, once. Resolves to what became of it. */
export async function keepDamaged(store: FileStore, name: string): Promise<string> {
  const aside = `${name}.damaged`;
  try {
    const found = await store.list();
    if (!found.some((entry) => entry.name === aside)) {
      const size = found.find((entry) => entry.name === name)?.size ?? 0;
      await copy(store, name, aside, 0, size);
    }
    return `a copy is kept in "${aside}"`;
  } catch (error) {
    return `no copy is kept: ${messageOf(error)}`;
  }
}

async function forgetOldTorn(store: FileStore): Promise<void> {
  const names = (await store.list()).map(({ name }) => name).filter((n) => n.endsWith(".torn"));
  for (const name of names.sort().slice(0, -(TORN_KEPT - 1))) await store.remove(name);
}

/** Copies a part of a file under a name that only a whole copy bears. */
async function copy(
  store: FileStore,
  from: string,
  to: string,
  start: number,
  end: number,
): Promise<void> {
  const unfinished = `${to}.tmp`;
  await store.remove(unfinished).catch(() => {});
  const source = await store.openFile(from, "read");
  try {
    const target = store.createSync(unfinished);
    try {
      for (let at = start; at < end;) {
        // A fresh buffer each time: a store may keep what it was given to write.
        const bytes = new Uint8Array(Math.min(COPY_BYTES, end - at));
        const count = await readWhole(source, bytes, at);
        if (count === 0) break;
        writeWholeSync(target, bytes.subarray(0, count));
        at += count;
      }
    } finally {
      target.close();
    }
    await store.rename(unfinished, to);
  } catch (error) {
    await store.remove(unfinished).catch(() => {});
    throw error;
  } finally {
    source.close();
  }
}
