/** Log files used the wrong way: what is not written is never said to be, and errors say what to do. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type FileWriterOptions, openFileWriter } from "../src/sink/file.ts";
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
