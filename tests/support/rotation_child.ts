/** Rotates and compresses as fast as it can, until it is killed. Says each line that was written. */
import * as fs from "node:fs";
import { createRotation } from "../../src/sink/rotation.ts";
import { systemClock } from "../../src/clock.ts";
import { say, scriptArgument } from "./spawn.ts";

const { path, first } = scriptArgument() as { path: string; first: number };

const rotation = createRotation(path, { maxBytes: 40_000, gzip: true }, {
  clock: systemClock,
  onError: (error) => say(`error ${error.message}`),
});
let openedAtMs = rotation.openedAtMs();
let fd = fs.openSync(path, "a");
let length = fs.fstatSync(fd).size;

for (let number = first;; number++) {
  // Different lines, so that a compressed file has more than one block.
  const line = `${String(number).padStart(8, "0")} ${Math.random()}${Math.random()}\n`;
  if (rotation.due(length, line.length, openedAtMs)) {
    rotation.rotate();
    fs.closeSync(fd);
    openedAtMs = rotation.openedAtMs();
    fd = fs.openSync(path, "a");
    length = 0;
  }
  length += fs.writeSync(fd, line);
  if (number % 500 === 0) {
    say(`written ${number}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
