import * as fs from "node:fs";
import { join } from "node:path";

/** How a log is rotated: names that count, names that tell a time, or a copy and a cut. */
export type RotationWay = "count" | "date" | "copytruncate";

/** A program that logs to `app.log` in a folder, which is rotated under it. */
export class RotatingLog {
  readonly #path: string;
  readonly #way: RotationWay;
  #fd: number;
  #rotations = 0;
  /** Lines written so far. */
  count = 0;

  constructor(folder: string, way: RotationWay) {
    this.#path = join(folder, "app.log");
    this.#way = way;
    this.#fd = fs.openSync(this.#path, "a");
  }

  /** Writes lines, in one piece or, as programs do that do not flush by lines, in two. */
  write(lines: number): void {
    const text = Array.from({ length: lines }, () => lineOf(this.count++)).join("");
    const bytes = new TextEncoder().encode(text);
    const middle = this.count % 3 === 0 ? bytes.length >> 1 : bytes.length;
    fs.writeSync(this.#fd, bytes, 0, middle);
    if (middle < bytes.length) fs.writeSync(this.#fd, bytes, middle);
  }

  /** Rotates; the program writes on into the old file for a while, as it does until it is told. */
  rotate(linesMeanwhile: number): void {
    this.#rotations++;
    if (this.#way === "copytruncate") {
      this.#moveOlder();
      fs.copyFileSync(this.#path, `${this.#path}.1`);
      return fs.truncateSync(this.#path);
    }
    if (this.#way === "count") this.#moveOlder();
    const stamp = String(this.#rotations).padStart(6, "0");
    fs.renameSync(this.#path, `${this.#path}${this.#way === "count" ? ".1" : `-2026${stamp}`}`);
    this.write(linesMeanwhile);
    const fd = fs.openSync(this.#path, "a");
    this.write(linesMeanwhile);
    fs.closeSync(this.#fd);
    this.#fd = fd;
  }

  #moveOlder(): void {
    for (let at = this.#rotations - 1; at >= 1; at--) {
      fs.renameSync(`${this.#path}.${at}`, `${this.#path}.${at + 1}`);
    }
  }

  /** Ends the program. */
  close(): void {
    fs.closeSync(this.#fd);
  }
}

/** Lines of different lengths, each with its number. */
function lineOf(index: number): string {
  return `line ${index} ${"x".repeat(20 + (index * 7) % 180)}\n`;
}

/** Which lines came not at all, and how many came again. */
export function compareLines(count: number, messages: Iterable<string>): {
  readonly lost: number;
  readonly doubled: number;
  readonly broken: number;
} {
  const seen = new Uint8Array(count);
  let [doubled, broken] = [0, 0];
  for (const message of messages) {
    const index = Number(/^line (\d+) x+$/.exec(message)?.[1] ?? NaN);
    if (!(index < count) || `${message}\n` !== lineOf(index)) broken++;
    else if (seen[index] === 1) doubled++;
    else seen[index] = 1;
  }
  return { lost: seen.filter((flag) => flag === 0).length, doubled, broken };
}
