/**
 * Random writes, rotations, clocks, restarts and kills, against the list of what was written: the files
 * in the order of their names hold it all, once, but for whole files that were too many.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type RotatedFiles, rotatedFiles } from "../src/platform/rotated_files.ts";
import type { RotationOptions } from "../src/sink/rotation_options.ts";
import {
  RotatedLog,
  type SettableClock,
  settableClock,
  textOf,
  wholeText,
} from "./support/rotated_log.ts";
import { inFolder } from "./support/spawn.ts";

const START = Date.UTC(2026, 10, 21, 23, 59, 58);

type Step =
  | { readonly do: "write"; readonly lines: number }
  | { readonly do: "rotate" | "settle" | "restart" | "mark" }
  | { readonly do: "clock"; readonly byMs: number }
  /** From now on so many calls of the file system work, and then none until the next start. */
  | { readonly do: "kill"; readonly calls: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      lines: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom("rotate", "settle", "restart", "mark") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("clock" as const),
      byMs: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: -1e9, max: 1e9 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("kill" as const), calls: fc.nat(14) }) },
);

const options: fc.Arbitrary<RotationOptions> = fc.record({
  maxBytes: fc.integer({ min: 1, max: 60 }),
  every: fc.constantFrom("hour" as const, 1000),
  gzip: fc.boolean(),
  keep: fc.record({ count: fc.nat(6), bytes: fc.integer({ min: 0, max: 400 }) }, {
    requiredKeys: [],
  }),
}, { requiredKeys: ["gzip"] });

/** A disk whose process can be killed before any call. */
class Mortal {
  /** Calls that still work. */
  left = Infinity;
  readonly files: RotatedFiles = {
    ...rotatedFiles,
    moveToFree: this.#guard(rotatedFiles.moveToFree),
    replace: this.#guard(rotatedFiles.replace),
    remove: this.#guard(rotatedFiles.remove),
    syncFolder: this.#guard(rotatedFiles.syncFolder),
    syncFolderNow: this.#guard(rotatedFiles.syncFolderNow),
    compress: async (from, to) => {
      // Killed in the midst of writing it.
      if (this.left === 0) fs.writeFileSync(to, "\x1f\x8b\x08");
      return await this.#guard(rotatedFiles.compress)(from, to);
    },
  };

  #guard<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      if (this.left === 0) throw new Error("killed");
      this.left--;
      return call(...args);
    };
  }
}

/** A writer that sets marks, and the list of what it wrote. */
class Trial {
  readonly #path: string;
  readonly #options: RotationOptions;
  readonly #clock: SettableClock = settableClock(START);
  #mortal = new Mortal();
  #log: RotatedLog;
  #lines: string[] = [];
  #count = 0;
  /** The place to which a start goes back, as the last stored checkpoint of a sink. */
  #mark: { id: string; length: number; lines: number } | undefined;

  constructor(path: string, options: RotationOptions) {
    this.#path = path;
    this.#options = options;
    this.#log = this.#open();
  }

  async take(step: Step): Promise<void> {
    if (step.do === "write") this.#write(step.lines);
    else if (step.do === "rotate") this.#log.rotate();
    else if (step.do === "settle") await this.#log.rotation.settled();
    else if (step.do === "mark") this.#setMark();
    else if (step.do === "clock") this.#clock.set(this.#clock.now() + step.byMs);
    else if (step.do === "kill") this.#mortal.left = Math.min(this.#mortal.left, step.calls);
    else await this.#restart();
    if (this.#mortal.left === 0) await this.#restart();
  }

  /** After a last start without a mark everything must be as the options ask. */
  async end(): Promise<void> {
    await this.#restart();
    this.#mark = undefined;
    this.#log.rotation.holdBack(undefined);
    await this.#log.close();
    const rotated = this.#log.rotation.rotated();
    const { count = Infinity, bytes = Infinity } = this.#options.keep ?? {};
    assert.ok(rotated.length <= count);
    assert.ok(rotated.reduce((sum, file) => sum + file.bytes, 0) <= bytes);
    if (this.#options.gzip) assert.ok(rotated.every((file) => file.gzipped));
    assert.ok(fs.readdirSync(join(this.#path, "..")).every((name) => !name.endsWith(".part")));
    assert.deepEqual(this.#log.errors, []);
    this.#check(wholeText(this.#path));
  }

  #open(): RotatedLog {
    const log = new RotatedLog(this.#path, this.#options, {
      clock: this.#clock,
      files: this.#mortal.files,
    });
    if (this.#mark !== undefined) this.#goBack(log, this.#mark);
    return log;
  }

  /** What a sink does at its start: nothing after the mark may stay, since it is written again. */
  #goBack(log: RotatedLog, mark: { id: string; length: number; lines: number }): void {
    log.rotation.holdBack(mark.id);
    if (log.id() !== mark.id) {
      log.drop();
      assert.ok(log.rotation.undo(mark.id), "the marked file must be there, uncompressed");
    }
    log.reopen();
    assert.equal(log.id(), mark.id);
    fs.truncateSync(this.#path, mark.length);
    log.reopen();
    this.#lines = this.#lines.slice(0, mark.lines);
    // An original whose copy has its name already is still to be removed: it is listed once.
    const rotated = log.rotation.rotated().map(({ path }) => textOf(path));
    this.#check(rotated.join("") + textOf(this.#path));
  }

  #write(lines: number): void {
    for (let line = 0; line < lines; line++) {
      const text = `${this.#count++}\n`;
      this.#log.write(text);
      this.#lines.push(text);
    }
  }

  #setMark(): void {
    const length = fs.statSync(this.#path).size;
    this.#mark = { id: this.#log.id(), length, lines: this.#lines.length };
    this.#log.rotation.holdBack(this.#mark.id);
  }

  /** A killed process does nothing more: what its background work still tries comes to nothing. */
  async #restart(): Promise<void> {
    this.#mortal.left = 0;
    this.#log.drop();
    await this.#log.rotation.close();
    this.#mortal = new Mortal();
    this.#log = this.#open();
  }

  #check(found: string): void {
    const written = this.#lines.join("");
    const isPruned = this.#options.keep !== undefined;
    if (!isPruned) assert.equal(found, written);
    assert.ok(
      written.endsWith(found),
      `${JSON.stringify(found)} ends not ${JSON.stringify(written)}`,
    );
  }
}

test("any rotations, restarts, kills and clocks leave every line once and in order", () =>
  inFolder("rotation", async (folder) => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { maxLength: 40 }), async (given, steps) => {
        const own = join(folder, String(runs++));
        fs.mkdirSync(own);
        const trial = new Trial(join(own, "app.log"), given);
        for (const step of steps) await trial.take(step);
        await trial.end();
        fs.rmSync(own, { recursive: true });
      }),
      { numRuns: 100 },
    );
  }));
