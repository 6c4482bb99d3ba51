import { type Signal, signal } from "@preact/signals";

const SHOWN_MS = 4_000;

/** One sentence that appears for a moment. */
export const notice: Signal<string> = signal("");

let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows one sentence for a moment; screen readers hear it. */
export function tell(text: string): void {
  notice.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => notice.value = "", SHOWN_MS);
}
