/**
 * Where the reader is: at the end, or at a row of the past; and how he gets from one to the other.
 *
 * @module
 */
import { type Signal, signal } from "@preact/signals";
import type { FromWorker, Snapshot } from "../messages.ts";
import type { Scroller } from "./scroller.ts";
import { current, findText, following, selection, snapshot } from "./state.ts";
import { send } from "./worker_port.ts";

let scroller: Scroller | undefined;
let waitingGoto: Extract<FromWorker, { t: "goto" }> | undefined;
/** How far below the top edge the row stood that is to stay where it is. */
let keepOffset: number | undefined;
/** The row that was unfolded just now. */
let revealId: number | undefined;
/** The times of the rows in sight, the earliest and the latest; undefined if none has one. */
export const sight: Signal<{ readonly from: number; readonly to: number } | undefined> = signal(
  undefined,
);

/** The list has drawn a snapshot and put it in its place. */
export function drawn({ tick, version, start: first, rows: shown }: Snapshot): void {
  send({ t: "drawn", tick });
  lookAround();
  const opened = shown.findIndex((row) => row.id === revealId && "details" in row);
  if (opened !== -1) {
    revealId = undefined;
    scroller?.reveal(first + opened);
  }
  const waiting = waitingGoto;
  if (waiting?.version === version) goTo(waiting);
}

/** Shows a row that the Worker leads to. */
export function goTo(message: Extract<FromWorker, { t: "goto" }>): void {
  waitingGoto = undefined;
  if (snapshot.value?.version !== message.version) {
    waitingGoto = message;
    return;
  }
  pause(false);
  if (message.keeps) return scroller?.show(message.index, keepOffset);
  current.value = message.index;
  scroller?.show(message.index);
}

/** Takes the list's scroller in. */
export function setScroller(value: Scroller): void {
  scroller = value;
}

/** Tells the Worker which rows are in sight. */
export function tellSight(start: number, end: number): void {
  const { version } = snapshot.value ?? { version: 0 };
  send({ t: "sight", version, start, end, follow: following.value });
  lookAround();
}

/** Sees which times are in sight. */
function lookAround(): void {
  const { rows, start } = snapshot.value ?? { rows: [], start: 0 };
  const [first, end] = scroller?.range ?? [0, 0];
  let [from, to] = [Infinity, -Infinity];
  for (const row of rows.slice(Math.max(0, first - start), Math.max(0, end - start))) {
    if (row.kind === "gap" || Number.isNaN(row.time)) continue;
    from = Math.min(from, row.time);
    to = Math.max(to, row.time);
  }
  sight.value = from > to ? undefined : { from, to };
}

/** The reader scrolled away from the end, or back to it. */
export function setFollowing(on: boolean): void {
  following.value = on;
  if (scroller !== undefined) {
    scroller.following = on;
    const [start, end] = scroller.range;
    tellSight(start, end);
  }
}

/** Stands still; `held` until the reader resumes, otherwise until he reaches the end. */
export function pause(held: boolean): void {
  if (scroller !== undefined) scroller.isHeld = held;
  if (following.value) setFollowing(false);
}

/** Follows the newest row. */
export function resume(): void {
  if (scroller !== undefined) scroller.isHeld = false;
  current.value = selection.value = undefined;
  following.value = true;
  scroller?.toEnd();
  setFollowing(true);
}

/** The id of the row at the top, so that a filter leaves it where it is; undefined while following. */
export function keep(): number | undefined {
  const shown = snapshot.value;
  if (following.value || shown === undefined || scroller === undefined) return undefined;
  const { index, offset } = scroller.anchor;
  keepOffset = -offset;
  return shown.rows[index - shown.start]?.id;
}

/** Searches for a text; undefined ends the search. */
export function find(text: string | undefined): void {
  findText.value = text;
  send({ t: "find", text, near: nearest(1) });
}

/** Goes to the next or the previous hit. */
export function findStep(step: 1 | -1): void {
  send({ t: "findStep", step, near: nearest(step) });
}

/** Goes to the next or the previous error. */
export function jumpError(step: 1 | -1): void {
  send({ t: "jumpError", step, near: nearest(step) });
}

/** Where a jump begins: the current row, or else the edge of what is in sight. */
function nearest(step: 1 | -1): number {
  if (current.value !== undefined) return current.value;
  const [first, last] = scroller?.range ?? [0, 0];
  return step === -1 || following.value ? last : first - 1;
}

/** Moves the current row, and with `extend` the selection's end. */
export function moveCurrent(step: number, extend: boolean): void {
  const shown = snapshot.value;
  if (shown === undefined || shown.count === 0) return;
  const last = shown.base + shown.count - 1;
  const from = current.value ?? (following.value ? last + (step < 0 ? 1 : 0) : nearest(1));
  const index = Math.min(last, Math.max(shown.base, from + step));
  pause(false);
  if (extend) selection.value = { from: selection.value?.from ?? from, to: index };
  else selection.value = undefined;
  current.value = index;
  const [start, end] = scroller?.range ?? [0, 0];
  if (index <= start) scroller?.show(index, 0);
  else if (index >= end - 1) scroller?.show(Math.max(shown.base, index - (end - start) + 2), 0);
}

/** Unfolds a row, or folds it. */
export function unfold(id: number, open: boolean): void {
  if (open) pause(false);
  revealId = open ? id : undefined;
  send({ t: "unfold", id, open });
}

/** Unfolds the current row, or folds it. */
export function unfoldCurrent(): void {
  const shown = snapshot.value;
  const row = shown?.rows[(current.value ?? -1) - shown.start];
  if (row?.kind === "record") unfold(row.id, row.details === undefined);
  else if (row?.kind === "gap") fetchGap(row.id);
}

/** Fetches what a gap left out. */
export function fetchGap(id: number): void {
  send({ t: "fetchGap", id, keepId: keep() });
}

/** Empties the list; the log itself stays as it is. */
export function clear(): void {
  send({ t: "clear" });
  resume();
}
