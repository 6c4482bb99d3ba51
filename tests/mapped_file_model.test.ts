/** A mapped file against the plainest array of bytes, whatever is done to either. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { AppendFile } from "../src/platform/append_file.ts";
import { CHUNK, mapped, noise, open } from "./support/mapped_trial.ts";
import { inFolder } from "./support/spawn.ts";

/** One step of the model test: what is done, and how much of it. */
type Step = readonly [
  "append" | "cut" | "reopen" | "crash" | "foreign append" | "foreign cut" | "read",
  number,
];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0]>(
      "append",
      "append",
      "append",
      "cut",
      "reopen",
      "crash",
      "foreign append",
      "foreign cut",
      "read",
    ),
    fc.oneof(fc.nat(300), fc.nat(3 * CHUNK), fc.constantFrom(CHUNK - 1, CHUNK, 2 * CHUNK)),
  ),
  { maxLength: 25 },
);

/** A mapped file, and beside it the bytes that it must hold. */
class Trial {
  #path: string;
  #file: AppendFile;
  #holds: Uint8Array = new Uint8Array(0);
  #crashes = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = open(path);
  }

  do([what, amount]: Step): void {
    const file = this.#file;
    const end = amount % (this.#holds.length + 1);
    if (what === "append") file.append(this.#add(amount));
    if (what === "foreign append") fs.appendFileSync(this.#path, this.#add(amount));
    if (what === "cut") file.cut(this.#cut(end));
    if (what === "foreign cut") fs.truncateSync(this.#path, this.#cut(end));
    if (what === "reopen") this.#reopen();
    if (what === "crash") this.#crash();
    if (what === "read") {
      const expected = this.#holds.subarray(Math.max(0, end - 500), end);
      assert.ok(Buffer.from(file.readBefore(end, 500)).equals(expected));
    }
    assert.equal(this.#file.length(), this.#holds.length);
  }

  end(): void {
    this.#file.close();
    assert.ok(fs.readFileSync(this.#path).equals(this.#holds));
  }

  #add(count: number): Uint8Array {
    const bytes = noise(count, this.#holds.length);
    this.#holds = Buffer.concat([this.#holds, bytes]);
    return bytes;
  }

  #cut(length: number): number {
    this.#holds = this.#holds.subarray(0, length);
    return length;
  }

  #reopen(): void {
    this.end();
    this.#file = open(this.#path);
  }

  /** What a kill leaves is the file as it is now, which a copy is as well. */
  #crash(): void {
    const next = `${this.#path}.${++this.#crashes}`;
    fs.copyFileSync(this.#path, next);
    this.end();
    this.#path = next;
    this.#file = open(next);
  }
}

test(
  "a mapped file holds what a plain one would, whatever is done to it",
  mapped,
  () =>
    inFolder("mapped", (folder) => {
      let trials = 0;
      fc.assert(
        fc.property(steps, (list) => {
          const trial = new Trial(join(folder, `${++trials}`));
          for (const step of list) trial.do(step);
          trial.end();
        }),
        { numRuns: 60 },
      );
      return Promise.resolve();
    }),
);
