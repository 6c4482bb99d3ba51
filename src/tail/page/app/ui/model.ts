/**
 * What the page shows and what can be done with it. Components read the signals and call the actions;
 * the rows themselves stay in the Worker.
 *
 * @module
 */
import { batch, type Signal, signal } from "@preact/signals";
import type { FromWorker, Snapshot, ToWorker } from "../messages.ts";
import { type Address, MAX_MARKS, readAddress, writeAddress } from "./address.ts";
import type { Scroller } from "./scroller.ts";
import { startWorker } from "./worker_port.ts";
import { count, counted } from "./words.ts";

/** What the Worker showed last. */
export const snapshot: Signal<Snapshot | undefined> = signal(undefined);
/** The same for what stands around the list: counts and states, which need not change each frame. */
export const overview: Signal<Snapshot | undefined> = signal(undefined);
/** Whether the list follows the newest row. */
export const following: Signal<boolean> = signal(true);
/** The query line as it was sent. */
export const query: Signal<string> = signal("");
/** Which levels are shown. */
export const levels: Signal<readonly boolean[]> = signal([]);
/** Terms that are marked in colour. */
export const marks: Signal<readonly string[]> = signal([]);
/** What is searched for; undefined when the find bar is closed. */
export const findText: Signal<string | undefined> = signal(undefined);
/** The numbers of the rows that are selected, the moving end last. */
export const selection: Signal<{ readonly from: number; readonly to: number } | undefined> = signal(
  undefined,
);
/** The row where find, a jump or the keys are. */
export const current: Signal<number | undefined> = signal(undefined);
/** One sentence that appears for a moment. */
export const notice: Signal<string> = signal("");
/** Whether the keys are listed. */
export const isHelpOpen: Signal<boolean> = signal(false);

const OVERVIEW_MS = 250;

/** The page's address without query and hash. */
export const pageUrl: string = location.origin + location.pathname;

let send: (message: ToWorker) => void = () => {};
let scroller: Scroller | undefined;
let noticeTimer: ReturnType<typeof setTimeout> | undefined;
let waitingGoto: Extract<FromWorker, { t: "goto" }> | undefined;
/** How far below the top edge the next row that is gone to should stand. */
let keepOffset: number | undefined;
let frame = 0;
let drawnAt = 0;
let overviewTimer: ReturnType<typeof setTimeout> | undefined;
let latest: Snapshot | undefined;
const asked = new Map<number, (answer: { text: string; count: number }) => void>();
let lastAsk = 0;

/** Starts the Worker with what the address says. */
export function start(): void {
  const address = readAddress(location.search, location.hash);
  query.value = address.query;
  levels.value = address.levels;
  marks.value = address.marks;
  wantedSeq = address.seq;
  send = startWorker(receive);
  send({ t: "open", url: pageUrl, ...address });
  addEventListener("online", () => send({ t: "wake" }));
  addEventListener("hashchange", () => goToAddress());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) send({ t: "wake" });
    receivedWhenHidden = document.hidden ? latest?.received : undefined;
    showTitle();
    schedule();
  });
}

let wantedSeq: number | undefined;
/** The row that was unfolded just now. */
let revealId: number | undefined;
let receivedWhenHidden: number | undefined;

function goToAddress(): void {
  const { seq } = readAddress("", location.hash);
  if (seq !== undefined) send({ t: "jumpSeq", seq });
}

function receive(message: FromWorker): void {
  switch (message.t) {
    case "snapshot":
      latest = message;
      return schedule();
    case "goto":
      return goTo(message);
    case "nowhere":
      return tell(message.what);
    case "text":
      asked.get(message.ask)?.(message);
      asked.delete(message.ask);
  }
}

/** One change of the page a frame; a page out of sight is not drawn, only counted. */
function schedule(): void {
  if (document.hidden) {
    showTitle();
    if (latest !== undefined) send({ t: "drawn", tick: latest.tick });
  } else if (frame === 0) frame = requestAnimationFrame(draw);
}

function draw(): void {
  frame = 0;
  const now = performance.now();
  // Nobody reads thousands of lines a second: they pass in larger steps, and the page stays calm.
  if (following.value && now - drawnAt < pauseMs(latest?.rate ?? 0)) {
    frame = requestAnimationFrame(draw);
    return;
  }
  drawnAt = now;
  batch(() => {
    snapshot.value = latest;
    if (isNews()) showOverview();
    else overviewTimer ??= setTimeout(showOverview, OVERVIEW_MS);
  });
}

function showOverview(): void {
  clearTimeout(overviewTimer);
  overviewTimer = undefined;
  overview.value = latest;
}

/** What is told at once, however busy the page is: another state, the progress of a search. */
function isNews(): boolean {
  const old = overview.value;
  return old?.link.kind !== latest?.link.kind || old?.find?.at !== latest?.find?.at ||
    old?.find?.done !== latest?.find?.done || old?.filterError !== latest?.filterError ||
    old?.version !== latest?.version;
}

/** The least time between two changes of the list while it follows. */
function pauseMs(rate: number): number {
  return rate > 2_000 ? 100 : rate > 200 ? 50 : 0;
}

/** The list has drawn a snapshot and put it in its place. */
export function drawn({ tick, version, count: rows, start: first, rows: shown }: Snapshot): void {
  send({ t: "drawn", tick });
  const opened = shown.findIndex((row) => row.id === revealId && "details" in row);
  if (opened !== -1) {
    revealId = undefined;
    scroller?.reveal(first + opened);
  }
  if (wantedSeq !== undefined && rows > 0 && latest?.link.kind === "live") {
    send({ t: "jumpSeq", seq: wantedSeq });
    wantedSeq = undefined;
  }
  const waiting = waitingGoto;
  if (waiting?.version === version) goTo(waiting);
}

function showTitle(): void {
  const unread = receivedWhenHidden === undefined || latest === undefined
    ? 0
    : latest.received - receivedWhenHidden;
  document.title = unread > 0 ? `(${count(unread)}) logflume` : "logflume";
}

function goTo(message: Extract<FromWorker, { t: "goto" }>): void {
  waitingGoto = undefined;
  if (snapshot.value?.version !== message.version) {
    waitingGoto = message;
    return;
  }
  pause(false);
  if (keepOffset === undefined) current.value = message.index;
  scroller?.show(message.index, keepOffset);
  keepOffset = undefined;
}

/** Takes the list's scroller in. */
export function setScroller(value: Scroller): void {
  scroller = value;
}

/** Tells the Worker which rows are in sight. */
export function tellSight(start: number, end: number): void {
  const { version } = snapshot.value ?? { version: 0 };
  send({ t: "sight", version, start, end, follow: following.value });
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

/** Shows one sentence for a moment; screen readers hear it. */
export function tell(text: string): void {
  notice.value = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => notice.value = "", 4_000);
}

/** The id of the row at the top, so that a filter leaves it where it is; undefined while following. */
function keep(): number | undefined {
  const shown = snapshot.value;
  if (following.value || shown === undefined || scroller === undefined) return undefined;
  const { index, offset } = scroller.anchor;
  keepOffset = -offset;
  return shown.rows[index - shown.start]?.id;
}

/** Applies a query line. */
export function setQuery(text: string): void {
  if (text === query.value) return;
  query.value = text;
  current.value = selection.value = undefined;
  send({ t: "query", query: text, keepId: keep() });
  keepAddress();
}

/** Shows exactly these levels. */
export function setLevels(next: readonly boolean[]): void {
  levels.value = next;
  current.value = selection.value = undefined;
  send({ t: "levels", levels: next, keepId: keep() });
  keepAddress();
}

/** Marks a term, or no longer; the oldest leaves when there are too many. */
export function toggleMark(term: string): void {
  const old = marks.value;
  marks.value = old.includes(term)
    ? old.filter((other) => other !== term)
    : [...old, term].slice(-MAX_MARKS);
  send({ t: "marks", marks: marks.value });
  keepAddress();
}

/** Puts what is shown into the address; a record of its own only when it is asked for. */
function keepAddress(): void {
  const address: Address = {
    query: query.value,
    levels: levels.value,
    marks: marks.value,
    seq: readAddress("", location.hash).seq,
  };
  history.replaceState(null, "", location.pathname + writeAddress(location.search, address));
}

/** The address that leads to a record. */
export function addressOf(seq: number): string {
  const address = { query: query.value, levels: levels.value, marks: marks.value, seq };
  return pageUrl + writeAddress(location.search, address);
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
  keep();
  send({ t: "fetchGap", id });
}

/** Empties the list; the log itself stays as it is. */
export function clear(): void {
  send({ t: "clear" });
  resume();
}

/** Tries to connect at once. */
export function reconnect(): void {
  send({ t: "wake" });
}

/** Rows as text, from the Worker. */
export function textOf(
  form: "text" | "ndjson",
  range?: readonly [start: number, end: number],
): Promise<{ text: string; count: number }> {
  const ask = ++lastAsk;
  send({ t: "text", ask, form, range });
  return new Promise((resolve) => asked.set(ask, resolve));
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
