/** Log files used the wrong way: what is not written is never said to be, and errors say what to do. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { openPipeline } from "../mod.ts";
import { fileSink, type FileWriterOptions, openFileWriter } from "../src/sink/file.ts";
import { fileStore } from "../src/storage/file.ts";
import { inFolder } from "./support/spawn.ts";

const NO_LINES: readonly unknown[] = [null, undefined, 5, { msg: "hi" }, [], new ArrayBuffer(4)];

for (const mode of ["trigger", "manual"] satisfies FileWriterOptions["mode"][]) {
  test(`send() in mode ${mode} throws for what is neither text nor bytes, and counts nothing`, () =>
    inFolder("misuse", async (folder) => {
      await using writer = openFileWriter(join(folder, "app.log"), { mode });
      for (const line of NO_LINES) {
        assert.throws(() => writer.send(line as string), {
          name: "TypeError",
          message: /^Cannot write .* as a line: pass text or bytes/,
        });
      }
      assert.equal(writer.stats().sent, 0);
      assert.ok(writer.send("one"));
      assert.ok(writer.trigger());
      assert.equal(writer.stats().written, 1);
    }));
}

test("two sinks of one file are refused where one would cut off the other's records", () =>
  inFolder("misuse", async (folder) => {
    const path = join(folder, "app.log");
    const other = fileSink({ path: join(folder, ".", "app.log") });
    const wal = { store: fileStore(join(folder, "wal")) };
    await assert.rejects(openPipeline({ wal, sinks: { all: fileSink({ path }), other } }), {
      message: /^Another file sink of this process writes to ".*".* own file, or make it one sink$/,
    });
    // What was refused and what was closed stand in nobody's way.
    for (const msg of ["first", "second"]) {
      const pipeline = await openPipeline({ wal, sinks: { all: fileSink({ path }) } });
      pipeline.write(msg);
      await pipeline.close();
    }
    assert.equal(fs.readFileSync(path, "utf8").split("\n").length, 3);
  }));

test("two sinks of one file without a log on disk keep all records", () =>
  inFolder("misuse", async (folder) => {
    const path = join(folder, "app.log");
    const sinks = { one: fileSink({ path }), two: fileSink({ path }) };
    for (let start = 1; start <= 2; start++) {
      const pipeline = await openPipeline({ sinks });
      pipeline.write("x");
      await pipeline.close();
      assert.equal(fs.readFileSync(path, "utf8").split("\n").length, 2 * start + 1);
    }
  }));

test("keep is an object: a bare number would keep everything", () =>
  inFolder("misuse", (folder) => {
    for (const keep of [14, "14", null]) {
      const options = { keep } as unknown as FileWriterOptions;
      assert.throws(() => openFileWriter(join(folder, "app.log"), options), {
        name: "TypeError",
        message: /^The option "keep" must be an object such as \{ count: 14 \}, not /,
      });
    }
    return Promise.resolve();
  }));

test("a dozen writers that reopen on SIGHUP share one listener, and leave none behind", () =>
  inFolder("misuse", async (folder) => {
    const before = process.listenerCount("SIGHUP");
    const writers = Array.from(
      { length: 12 },
      (_, n) => openFileWriter(join(folder, `${n}.log`), { reopenOnHangup: true }),
    );
    assert.equal(process.listenerCount("SIGHUP"), before + 1);
    await writers.shift()!.close();
    assert.equal(process.listenerCount("SIGHUP"), before + 1, "the others still listen");
    for (const writer of writers) await writer.close();
    assert.equal(process.listenerCount("SIGHUP"), before);
  }));
