import assert from "node:assert/strict";
import { test } from "node:test";
import { isolated } from "../src/isolated.ts";

/** Calls a listener with each value, and gives what went to standard error. */
async function saidBy(listener: (fails: boolean) => unknown, values: boolean[]): Promise<string[]> {
  const said: string[] = [];
  const { error } = console;
  console.error = (line: string) => said.push(line);
  try {
    const call = isolated("onEvent", listener as (fails: boolean) => void);
    for (const value of values) {
      call(value);
      await Promise.resolve();
    }
  } finally {
    console.error = error;
  }
  return said;
}

const LINE = "logflume: onEvent threw broken";

test("isolated() tells what a listener throws, once until it has worked again", async () => {
  const listener = (fails: boolean): void => {
    if (fails) throw new Error("broken");
  };
  assert.deepEqual(await saidBy(listener, [true, true, false, true]), [LINE, LINE]);
});

test("isolated() takes what an asynchronous listener rejects with the same way", async () => {
  const listener = (fails: boolean): Promise<void> =>
    fails ? Promise.reject(new Error("broken")) : Promise.resolve();
  assert.deepEqual(await saidBy(listener, [true, true, false, true]), [LINE, LINE]);
});
