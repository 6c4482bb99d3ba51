import { tell } from "./notice.ts";
import { current, selection } from "./state.ts";
import { counted } from "./words.ts";
import { send } from "./worker_port.ts";

const asked = new Map<number, (answer: { text: string; count: number }) => void>();
let lastAsk = 0;

/** Rows as text, from the Worker. */
export function textOf(
  form: "text" | "ndjson",
  range?: readonly [start: number, end: number],
): Promise<{ text: string; count: number }> {
  const ask = ++lastAsk;
  send({ t: "text", ask, form, range });
  return new Promise((resolve) => asked.set(ask, resolve));
}

/** Takes in a text that the Worker was asked for. */
export function textCame(answer: { ask: number; text: string; count: number }): void {
  asked.get(answer.ask)?.(answer);
  asked.delete(answer.ask);
}

/** Copies a text, and says what it was. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    tell(`Copied ${what}`);
  } catch {
    tell("The browser does not let this page copy");
  }
}

/** Copies the selected rows, or the current one, as text. */
export async function copySelection(): Promise<void> {
  const { from, to } = selection.value ?? { from: current.value, to: current.value };
  if (from === undefined || to === undefined) {
    return tell("Select rows first: click, then Shift+click");
  }
  const answer = await textOf("text", [Math.min(from, to), Math.max(from, to) + 1]);
  await copy(answer.text, counted(answer.count, "row"));
}
