/** A small log writer over a rotation, and what an outsider finds of its lines on the disk. */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createRotation, type Rotation, type RotationHost } from "../../src/sink/rotation.ts";
import type { RotationOptions } from "../../src/sink/rotation_options.ts";
import { type FakeClock, fakeClock } from "../../src/testing/fake_clock.ts";

/** The way a file writer uses a rotation: asks before a write, moves on after a rotation. */
export class RotatedLog {
  readonly path: string;
  readonly rotation: Rotation;
  readonly errors: Error[] = [];
  #fd = 0;
  #length = 0;
  #openedAtMs = 0;

  constructor(
    path: string,
    options: RotationOptions,
    host: Partial<RotationHost> & { readonly clock: FakeClock },
  ) {
    this.path = path;
    const onError = (error: Error): void => void this.errors.push(error);
    this.rotation = createRotation(path, options, { onError, ...host });
    this.reopen();
  }

  write(text: string): void {
    if (this.rotation.due(this.#length, text.length, this.#openedAtMs)) this.rotate();
    this.#length += fs.writeSync(this.#fd, text);
  }

  rotate(): string | undefined {
    const to = this.rotation.rotate();
    this.reopen();
    return to;
  }

  /** Device and inode of the active file. */
  id(): string {
    const { dev, ino } = fs.fstatSync(this.#fd, { bigint: true });
    return `${dev}:${ino}`;
  }

  /** Gives the descriptor back and no more, as a kill does. */
  drop(): void {
    if (this.#fd !== 0) fs.closeSync(this.#fd);
    this.#fd = 0;
  }

  async close(): Promise<void> {
    this.drop();
    await this.rotation.settled();
    await this.rotation.close();
  }

  reopen(): void {
    this.drop();
    this.#openedAtMs = this.rotation.openedAtMs();
    this.#fd = fs.openSync(this.path, "a");
    this.#length = fs.fstatSync(this.#fd).size;
  }
}

/** A clock that can be set, as an administrator or a time server does. */
export interface SettableClock extends FakeClock {
  set(ms: number): void;
}

export function settableClock(startMs: number): SettableClock {
  const clock = fakeClock(0);
  let offset = startMs;
  return {
    ...clock,
    now: () => clock.now() + offset,
    get pending() {
      return clock.pending;
    },
    set: (ms) => void (offset = ms - clock.now()),
  };
}

/** The names in a folder, sorted, without the dates, which stand in the way of reading a test. */
export function shortNames(folder: string): string[] {
  return fs.readdirSync(folder).sort().map((name) =>
    name.replace(/\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ/, "")
  );
}

/** All that the files of a log hold, in the order of their names, the active file last. */
export function wholeText(path: string): string {
  const folder = dirname(path);
  const rotated = fs.readdirSync(folder).filter((name) => name !== basename(path)).sort();
  const texts = rotated.map((name) => textOf(join(folder, name)));
  return texts.join("") + (fs.existsSync(path) ? textOf(path) : "");
}

/** What a file holds, unpacked where it is compressed. */
export function textOf(path: string): string {
  const bytes = fs.readFileSync(path);
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return new TextDecoder().decode(isCompressed ? gunzipSync(bytes) : bytes);
}
