import { systemClock } from "../clock.ts";
import { pause } from "../delivery/pause.ts";
import { standardOutput } from "../platform/stdio.ts";

const encoder = new TextEncoder();
const stderr = standardOutput("stderr");
const stdout = standardOutput("stdout");

/** Tells the user something: one line on standard error, after our name. */
export function say(text: string): void {
  put(stderr, `logflume: ${text}\n`);
}

/** Writes to standard error as it is. */
export function sayRaw(text: string): void {
  put(stderr, text);
}

/**
 * Writes to standard output, whole, after what a sink has on its way there; gives up when nobody has read
 * that for `timeoutMs`.
 */
export async function print(text: string, timeoutMs: number = Infinity): Promise<void> {
  const late = Symbol("late");
  const wait = new AbortController();
  const timeUp = timeoutMs === Infinity
    ? undefined
    : pause(timeoutMs, systemClock, wait.signal).then(() => late);
  const idle = Promise.resolve(stdout?.idle());
  const ended = await (timeUp === undefined ? idle : Promise.race([idle, timeUp]));
  wait.abort();
  if (ended !== late) put(stdout, text);
}

/** Whether people look at standard error. */
export function isSeen(): boolean {
  return stderr?.isTerminal ?? false;
}

/** Whether people look at standard output. */
export function isOutputSeen(): boolean {
  return stdout?.isTerminal ?? false;
}

function put(stream: typeof stdout, text: string): void {
  try {
    stream?.writeSync(encoder.encode(text));
  } catch {
    // Whoever closed our output does not want to hear about it.
  }
}
