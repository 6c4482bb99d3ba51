import { effect, type Signal, signal } from "@preact/signals";
import { TIME_FORMS, type TimeForm } from "./time_text.ts";

/** How the page is coloured. */
export type Theme = "system" | "dark" | "light";

/** The order in which one key leads through the themes. */
export const THEMES: readonly Theme[] = ["system", "dark", "light"];

/** A choice that the browser remembers, unless it may not. */
function remembered<T extends string>(key: string, choices: readonly T[], usual: T): Signal<T> {
  const name = `logflume.${key}`;
  const choice = signal(choices.find((value) => value === read(name)) ?? usual);
  effect(() => write(name, choice.value));
  return choice;
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing still shows the page.
  }
}

/** Dark, light, or as the system is. */
export const theme: Signal<Theme> = remembered("theme", THEMES, "system");
/** How rows tell their time. */
export const timeForm: Signal<TimeForm> = remembered("time", TIME_FORMS, "local");
/** Whether long lines go on in the next one. */
export const wrap: Signal<"on" | "off"> = remembered("wrap", ["on", "off"], "off");
/** Whether the counts over time are shown. */
export const strip: Signal<"on" | "off"> = remembered("strip", ["on", "off"], "on");
const narrow = matchMedia("(max-width: 760px)");
/** Whether the screen is as narrow as a telephone's. */
export const isNarrow: Signal<boolean> = signal(narrow.matches);
narrow.addEventListener("change", ({ matches }) => isNarrow.value = matches);
/** Whether the panel is open; on a narrow screen it begins closed, with its one sentence. */
export const panel: Signal<"open" | "closed"> = remembered(
  "panel",
  ["open", "closed"],
  narrow.matches ? "closed" : "open",
);

/** The choice that comes after `value`, round at the end. */
export function next<T>(choices: readonly T[], value: T): T {
  return choices[(choices.indexOf(value) + 1) % choices.length] as T;
}
