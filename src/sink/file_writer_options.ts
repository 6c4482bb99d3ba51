import type { Overflow } from "../buffer/overflow.ts";
import type { Clock } from "../clock.ts";
import type { RotationOptions } from "./rotation_options.ts";

/**
 * How lines go out:
 * - `line`: one write(2) a line
 * - `block`: gathered into blocks; the fastest
 * - `mapped`: blocks are copied into a mapping of the file (Deno with `--allow-ffi`, Bun), which took up to
 *   three times as long as `block` where we measured; while it is open the file ends in zeros
 */
export type WriterStrategy = "line" | "block" | "mapped";

/**
 * When lines go out:
 * - `trigger`: full blocks (with `line`: each line) at once, the rest as soon as the event loop turns
 * - `loop`: full blocks at once, the rest every `tickMs`
 * - `manual`: when `trigger()` is called, and not before
 */
export type WriterMode = "trigger" | "loop" | "manual";

/** How {@linkcode openFileWriter} writes. */
export interface FileWriterOptions extends RotationOptions {
  /** How lines go out. @default {"block"} */
  readonly strategy?: WriterStrategy;
  /** When lines go out. @default {"trigger"} */
  readonly mode?: WriterMode;
  /** With `loop`: milliseconds between writes of what is not a full block. @default {100} */
  readonly tickMs?: number;
  /** A block is full at this length; a line is never split. @default {65536} */
  readonly blockBytes?: number;
  /** Lines that may wait, in mode `manual` or while the disk refuses. @default {10000} */
  readonly capacity?: number;
  /** Their bytes, counted as 2 × length + 64 a line of text, length + 64 of bytes. @default {16777216} */
  readonly maxQueueBytes?: number;
  /** What becomes of a line that finds no room. `block` refuses it. @default {"block"} */
  readonly overflow?: Overflow;
  /** Told of each line that was dropped. What `block` refuses is not dropped. */
  readonly onDrop?: (line: string | Uint8Array, policy: Overflow) => void;
  /** Whether a file survives a power cut (fdatasync) before it is let go. @default {false} */
  readonly durable?: boolean;
  /**
   * Open the file anew on SIGHUP, which then no longer ends the process. Off, since a library must not
   * change how its host dies; a file that was moved is noticed without it.
   *
   * @default {false}
   */
  readonly reopenOnHangup?: boolean;
  /** Told after each write how many lines it wrote. */
  readonly onWrite?: (lines: number) => void;
  /** Told when nothing waits any more. */
  readonly onFlush?: () => void;
  /**
   * Told that the disk refuses, once until all that waited is written, and what a rotation cannot do.
   *
   * @default {console.error}
   */
  readonly onError?: (error: Error) => void;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
}

/** Allowed strategies. */
export const STRATEGIES: readonly WriterStrategy[] = ["line", "block", "mapped"];
/** Allowed modes. */
export const MODES: readonly WriterMode[] = ["trigger", "loop", "manual"];
const MIB = 1024 * 1024;

/** Options with their defaults. */
export interface WriterSettings {
  readonly strategy: WriterStrategy;
  readonly mode: WriterMode;
  readonly tickMs: number;
  readonly blockBytes: number;
  readonly capacity: number;
  readonly maxQueueBytes: number;
  readonly overflow: Overflow;
}

/**
 * Checks options and fills in what is not given.
 *
 * @throws {RangeError} If one is out of range
 */
export function writerSettings(options: FileWriterOptions): WriterSettings {
  const { strategy = "block", mode = "trigger" } = options;
  if (!STRATEGIES.includes(strategy)) {
    throw new RangeError(`Unknown strategy "${strategy}": use one of ${STRATEGIES.join(", ")}`);
  }
  if (!MODES.includes(mode)) {
    throw new RangeError(`Unknown mode "${mode}": use one of ${MODES.join(", ")}`);
  }
  const { capacity = 10_000, maxQueueBytes = 16 * MIB } = options;
  return {
    strategy,
    mode,
    tickMs: whole("tickMs", options.tickMs ?? 100, 1, 2 ** 31 - 1),
    blockBytes: whole("blockBytes", options.blockBytes ?? 65_536, 1, 16 * MIB),
    capacity: whole("capacity", capacity, 1, 2 ** 30),
    overflow: options.overflow ?? "block",
    maxQueueBytes: whole("maxQueueBytes", maxQueueBytes, 1, Number.MAX_SAFE_INTEGER),
  };
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(
    `Cannot use ${name} ${value}: allowed are whole numbers from ${min} to ${max}`,
  );
}
