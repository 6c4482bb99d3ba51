import assert from "node:assert/strict";
import { test } from "node:test";
import { type Buffer, createBuffer, type Overflow } from "../mod.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Lets everything that is ready to run do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A source that makes numbers as fast as it is asked, and tells how many it made. */
function counting(count: number): { readonly stream: ReadableStream<number>; made: number } {
  const source = {
    made: 0,
    stream: new ReadableStream<number>({
      pull(controller) {
        if (source.made === count) controller.close();
        else controller.enqueue(source.made++);
      },
    }, { highWaterMark: 0 }),
  };
  return source;
}

async function readAll(buffer: Buffer<number>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of buffer.readable) batches.push([...batch]);
  return batches;
}

test("desiredSize is the room that is left", () => {
  const buffer = createBuffer<string>({
    strategy: new ByteLengthQueuingStrategyOfText(10),
  });
  buffer.push("four");
  assert.equal(buffer.desiredSize, 6);
  buffer.push("and ten more");
  assert.equal(buffer.desiredSize, -6, "as with Web streams, the last one may reach over");
});

class ByteLengthQueuingStrategyOfText implements QueuingStrategy<string> {
  readonly highWaterMark: number;
  readonly size = (text: string): number => text.length;
  constructor(highWaterMark: number) {
    this.highWaterMark = highWaterMark;
  }
}

test("createBuffer() takes the strategies of the platform", () => {
  const bytes = createBuffer<Uint8Array>({
    strategy: new ByteLengthQueuingStrategy({ highWaterMark: 4 }) as QueuingStrategy<Uint8Array>,
  });
  assert.deepEqual([bytes.push(new Uint8Array(4)), bytes.push(new Uint8Array(1))], [true, false]);
  const count = createBuffer<number>({ strategy: new CountQueuingStrategy({ highWaterMark: 1 }) });
  assert.deepEqual([count.push(1), count.push(2)], [true, false]);
});

test("ready pends while a blocking buffer is full, and resolves when there is room again", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 1 } });
  buffer.push(1);
  let isReady = false;
  const waiting = buffer.ready.then(() => isReady = true);
  await settle();
  assert.equal(isReady, false);
  buffer.shift();
  await waiting;
});

for (const overflow of ["drop-oldest", "drop-newest", "sample", "warn"] as Overflow[]) {
  test(`with ${overflow} ready never pends, and a piped source is never slowed down`, async () => {
    const buffer = createBuffer<number>({
      strategy: { highWaterMark: 4 },
      overflow,
      onWarn: () => {},
    });
    await counting(100).stream.pipeTo(buffer.writable);
    await buffer.ready;
    const rest = await readAll(buffer);
    assert.equal(rest.flat().length, 4);
    assert.equal(buffer.accepted + buffer.refused, 100);
    assert.equal(4 + buffer.evicted + buffer.refused, 100);
  });
}

test("a write of writable resolves when the chunk was taken and there is room for the next", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 2 } });
  const writer = buffer.writable.getWriter();
  await writer.write(1);
  let written = false;
  const second = writer.write(2).then(() => written = true);
  await settle();
  assert.deepEqual([buffer.size, written], [2, false], "taken, and no room for a third");
  buffer.shift();
  await second;
});

test("piping a fast source into writable really slows it down: it is never more than two ahead", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 4 } });
  const source = counting(200);
  const piped = source.stream.pipeTo(buffer.writable);
  await settle();
  assert.equal(buffer.size, 4);
  assert.ok(source.made <= 6, `the source made ${source.made} for a buffer of 4`);
  const taken: number[] = [];
  while (taken.length < 200) {
    for (const item of buffer.popMany(3)) taken.push(item);
    await settle();
    const ahead = source.made - taken.length;
    assert.ok(ahead <= 6, `the source is ${ahead} ahead of a buffer of 4`);
  }
  await piped;
  assert.deepEqual(taken, upTo(200));
});

test("readable takes nothing ahead of a read", async () => {
  const buffer = createBuffer<number>();
  buffer.pushMany([1, 2, 3]);
  const reader = buffer.readable.getReader();
  await settle();
  assert.equal(buffer.size, 3);
  assert.deepEqual(await reader.read(), { done: false, value: [1, 2, 3] });
});

test("readable waits for items, and gives at most batchItems at once", async () => {
  const buffer = createBuffer<number>({ batchItems: 2 });
  const reader = buffer.readable.getReader();
  const first = reader.read();
  await settle();
  buffer.pushMany([1, 2, 3]);
  assert.deepEqual((await first).value, [1, 2]);
  assert.deepEqual((await reader.read()).value, [3]);
  const last = reader.read();
  buffer.close();
  assert.equal((await last).done, true);
});

test("readable goes on waiting when somebody else took the items", async () => {
  const buffer = createBuffer<number>();
  const reader = buffer.readable.getReader();
  const read = reader.read();
  await settle();
  buffer.push(1);
  assert.equal(buffer.shift(), 1);
  await settle();
  buffer.push(2);
  assert.deepEqual((await read).value, [2]);
});

test("a buffer fits pipeThrough: every chunk comes out once, in order, and then the end", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 8 }, batchItems: 3 });
  const batches: number[][] = [];
  for await (const batch of counting(500).stream.pipeThrough(buffer)) batches.push([...batch]);
  assert.deepEqual(batches.flat(), upTo(500));
  assert.ok(batches.every(({ length }) => length > 0 && length <= 3));
});

test("a source that fails: what was taken comes out, then its error", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 8 } });
  const writer = buffer.writable.getWriter();
  await writer.write(1);
  await writer.abort(new Error("the source broke"));
  const reader = buffer.readable.getReader();
  assert.deepEqual((await reader.read()).value, [1]);
  await assert.rejects(reader.read(), /the source broke/);
});

test("an abort ends a write that waits for room", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 1 } });
  const writer = buffer.writable.getWriter();
  const outcomes = Promise.allSettled([writer.write(1), writer.write(2), writer.closed]);
  await settle();
  await writer.abort(new Error("enough"));
  await outcomes;
  assert.deepEqual(buffer.popMany(), [1]);
});

test("cancelling readable closes the buffer, ends its source and takes nothing more out", async () => {
  const buffer = createBuffer<number>({ strategy: { highWaterMark: 2 } });
  const piped = assert.rejects(counting(100).stream.pipeTo(buffer.writable), {
    name: "NotAcceptedError",
  });
  await settle();
  const reader = buffer.readable.getReader();
  await reader.read();
  await reader.cancel();
  await piped;
  assert.equal(buffer.closed, true);
});

test("a read that waits while readable is cancelled ends, and loses no item", async () => {
  const buffer = createBuffer<number>();
  const reader = buffer.readable.getReader();
  const read = reader.read();
  await settle();
  buffer.push(1);
  await reader.cancel();
  assert.equal((await read).done, true);
  assert.deepEqual(buffer.popMany(), [1]);
});
