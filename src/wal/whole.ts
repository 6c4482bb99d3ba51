import type { StoreFile } from "../storage/store.ts";

/** Reads until `into` is full or the file ends; returns the bytes read. */
export async function readWhole(
  file: StoreFile,
  into: Uint8Array,
  offset: number,
): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = await file.read(into.subarray(done), offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Reads the first `bytes` bytes of a file, or all if it has fewer; at once where the store can. */
export async function readHead(file: StoreFile, bytes: number): Promise<Uint8Array> {
  const into = new Uint8Array(bytes);
  if (file.readSync?.(into, 0) === into.length) return into;
  return into.subarray(0, await readWhole(file, into, 0));
}

/**
 * Appends what the file takes of the bytes in one write; returns how many.
 *
 * @throws {Error} If it takes none, since asking again without end would hold the event loop, or if a
 * store says that it took what cannot be: nothing may count as written on its word
 */
export function writeSomeSync(file: StoreFile, bytes: Uint8Array): number {
  const taken = file.writeSync(bytes);
  if (taken === 0) {
    throw new Error(`The disk took none of ${bytes.length} bytes for "${file.name}"`);
  }
  if (!(taken > 0 && taken <= bytes.length)) {
    throw new Error(
      `The store says that it took ${taken} of ${bytes.length} bytes for "${file.name}": ` +
        `writeSync must return how many it took`,
    );
  }
  return taken;
}

/** Appends all of the bytes, at once. */
export function writeWholeSync(file: StoreFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSomeSync(file, bytes.subarray(done));
}
