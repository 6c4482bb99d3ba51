import assert from "node:assert/strict";
import { test } from "node:test";
import { createBuffer, openPipeline } from "../mod.ts";
import { isolated } from "../src/isolated.ts";

/** Does something, and gives what went to standard error meanwhile. */
async function saidWhile(work: () => Promise<void>): Promise<string[]> {
  const said: string[] = [];
  const { error } = console;
  console.error = (line: string) => said.push(line);
  try {
    await work();
  } finally {
    console.error = error;
  }
  return said;
}

/** Calls a listener with each value, and gives what went to standard error. */
function saidBy(listener: (fails: boolean) => unknown, values: boolean[]): Promise<string[]> {
  const call = isolated("onEvent", listener as (fails: boolean) => void);
  return saidWhile(async () => {
    for (const value of values) {
      call(value);
      await Promise.resolve();
    }
  });
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

test("an asynchronous onDrop that rejects ends no process", async () => {
  const said = await saidWhile(async () => {
    const buffer = createBuffer<string>({
      strategy: { highWaterMark: 1 },
      overflow: "drop-newest",
      onDrop: () => Promise.reject(new Error("broken")) as unknown as void,
    });
    buffer.push("a");
    buffer.push("b");
    await Promise.resolve();
  });
  assert.deepEqual(said, ["logflume: onDrop threw broken"]);
});

test("an asynchronous onEvent that rejects ends no process, and its event is not lost", async () => {
  const said = await saidWhile(async () => {
    const pipeline = await openPipeline({
      sinks: {},
      transform: () => {
        throw new Error("no card");
      },
      onEvent: () => Promise.reject(new Error("broken")) as unknown as void,
    });
    pipeline.write({ msg: "x" });
    await pipeline.close();
  });
  assert.deepEqual(said, [
    "logflume: onEvent threw broken at: The transform threw, the record is withheld: no card",
  ]);
});
