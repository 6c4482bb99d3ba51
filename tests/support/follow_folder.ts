import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/clock.ts";
import { followInputs } from "../../src/cli/follow.ts";
import type { InputContext, ReadEnd } from "../../src/cli/text_input.ts";
import type { InputMark } from "../../src/storage/store.ts";

/** What came of reading. */
export interface Seen {
  readonly lines: string[];
  readonly said: string[];
  /** The places of the files, as the log would store them. */
  readonly marks: Map<string, InputMark>;
}

/** Nothing was read yet. */
export function nothing(): Seen {
  return { lines: [], said: [], marks: new Map() };
}

/** Gives a folder that is gone afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "logflume-follow-")));
  try {
    return await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** What readers get that keeps all they hand over. */
export function contextOf(seen: Seen, stop: AbortSignal): InputContext {
  return {
    feed: (lines, origin) => {
      seen.lines.push(...lines.map((line) => line.text));
      const last = lines.at(-1);
      if (origin !== undefined && last !== undefined) {
        seen.marks.delete(origin.file);
        seen.marks.set(origin.file, { ...origin, offset: last.endOffset });
      }
      return Promise.resolve(true);
    },
    marksAt: (place) => [...seen.marks.values()].filter(({ id }) => id.startsWith(`${place}:`)),
    isLeftOut: () => false,
    say: (text) => void seen.said.push(text),
    stop,
  };
}

/** Follows inputs; each step comes one look later than the one before, and after the last the end. */
export async function followSteps(
  inputs: readonly string[],
  steps: readonly (() => void)[],
  seen: Seen,
  maxOpenFiles?: number,
): Promise<ReadEnd> {
  const stop = new AbortController();
  const todo = [...steps];
  const clock: Clock = {
    ...systemClock,
    setTimer(fn, delayMs) {
      assert.equal(delayMs, 250);
      const step = todo.shift();
      if (step === undefined) stop.abort();
      else step();
      return systemClock.setTimer(fn, 0);
    },
  };
  const release = systemClock.hold();
  try {
    return await followInputs(inputs, contextOf(seen, stop.signal), clock, maxOpenFiles);
  } finally {
    release();
  }
}
