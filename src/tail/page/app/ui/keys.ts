import { closeFind, openFind } from "./find_bar.tsx";
import { setLevels } from "./choices.ts";
import { openMoment } from "./moment_dialog.tsx";
import { copySelection } from "./copying.ts";
import { jumpError, moveCurrent, pause, resume, unfoldCurrent } from "./reading.ts";
import { current, findText, following, isHelpOpen, levels, selection, snapshot } from "./state.ts";
import { next, panel, strip, theme, THEMES, timeForm, wrap } from "./settings.ts";
import { TIME_FORMS } from "./time_text.ts";

/** What a key does; only while no text is being typed. */
const ACTIONS: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
  "/": () => focus("filter"),
  h: () => focus("mark"),
  e: () => jumpError(1),
  E: () => jumpError(-1),
  ArrowDown: (event) => moveCurrent(1, event.shiftKey),
  ArrowUp: (event) => moveCurrent(-1, event.shiftKey),
  j: () => moveCurrent(1, false),
  k: () => moveCurrent(-1, false),
  J: () => moveCurrent(1, true),
  K: () => moveCurrent(-1, true),
  Enter: unfoldCurrent,
  End: resume,
  G: resume,
  Home: toOldest,
  g: toOldest,
  " ": () => following.value ? pause(true) : resume(),
  T: openMoment,
  b: () => strip.value = strip.value === "on" ? "off" : "on",
  w: () => wrap.value = wrap.value === "on" ? "off" : "on",
  t: () => timeForm.value = next(TIME_FORMS, timeForm.value),
  d: () => theme.value = next(THEMES, theme.value),
  p: () => panel.value = panel.value === "open" ? "closed" : "open",
  c: () => void copySelection(),
  "?": () => isHelpOpen.value = !isHelpOpen.value,
  Escape: deselect,
};

/** Listens for the page's keys. */
export function listenForKeys(): void {
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "f" && !event.shiftKey) {
      event.preventDefault();
      return openFind();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (/^[1-6]$/.test(event.key)) return toggleLevel(Number(event.key) - 1);
    const action = ACTIONS[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action(event);
  });
}

/** Keys that belong to what has the focus: text, and buttons for Enter and Space. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  // A dialog that was closed just now keeps the focus until the next frame.
  if (target.closest("dialog")?.open === false) return false;
  if (target.closest("input, textarea, select, dialog") !== null) return true;
  return target.closest("button, summary, a") !== null && [" ", "Enter"].includes(event.key);
}

function toggleLevel(rank: number): void {
  setLevels(levels.value.map((on, i) => i === rank ? !on : on));
}

function toOldest(): void {
  const base = snapshot.value?.base ?? 0;
  moveCurrent(base - (current.value ?? 0) - Number.MAX_SAFE_INTEGER / 2, false);
}

function deselect(): void {
  if (findText.value !== undefined) closeFind();
  selection.value = current.value = undefined;
}

function focus(id: string): void {
  const input = document.getElementById(id);
  input?.focus();
  if (input instanceof HTMLInputElement) input.select();
}
