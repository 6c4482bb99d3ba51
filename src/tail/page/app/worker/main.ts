/// <reference lib="dom" />
/**
 * The Worker: it speaks with the server, keeps the rows, filters, finds, and answers the window with
 * the few rows that are in sight.
 *
 * @module
 */
import { LEVELS } from "../../../../record/level.ts";
import type { FromWorker, Snapshot, ToWorker } from "../messages.ts";
import { type DrawContext, drawRow } from "./draw_row.ts";
import { Finder } from "./finder.ts";
import type { HeldRow } from "./held_row.ts";
import { indexWithin, Jump, newestTime } from "./jump.ts";
import { plainText } from "./log_line.ts";
import { Pace, stepMs } from "./pace.ts";
import { type Mark, markOf } from "./pieces.ts";
import { StripFeed } from "./strip_feed.ts";
import { type Place, TailFeed } from "./tail_feed.ts";
import { View } from "./view.ts";

/** The part of a Worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as Scope;
/** Rows around what is in sight, so that a small move shows no blank. */
const MARGIN = 15;
const MAX_ROWS = 96;
const ERROR_RANK = 4;

const view = new View();
const strip = new StripFeed(view, (data) => scope.postMessage({ t: "histogram", data }));
let feed: TailFeed | undefined;
let jump: Jump | undefined;
let finder: Finder | undefined;
let marks: readonly Mark[] = [];
let sight = { start: 0, end: 60, version: 0, follow: true };
const unfolded = new Set<number>();
let tick = 0;
let canSend = true;
let isDirty = false;

const pace = new Pace(send);

/** The window gets one snapshot at a time, so a slow window gets fewer of them, never a queue. */
function changed(): void {
  isDirty = true;
  jump?.look();
  // Waiting is done here, where what is shown in the end is as new as can be.
  if (canSend && feed !== undefined) pace.soon(sight.follow ? stepMs(feed.rate) : 0);
}

function send(): void {
  if (!isDirty || !canSend || feed === undefined) return;
  isDirty = false;
  canSend = false;
  if (finder?.done === false) void search();
  scope.postMessage(snapshot(feed));
  sendStrip();
}

let stripTimer: ReturnType<typeof setTimeout> | undefined;

function sendStrip(): void {
  const waitMs = strip.send(performance.now());
  if (waitMs !== undefined) stripTimer ??= setTimeout(stripIsDue, waitMs);
}

/** Goes the way of all that is shown, so that a window which is slow gets no more of it. */
function stripIsDue(): void {
  stripTimer = undefined;
  changed();
}

function snapshot(from: TailFeed): Snapshot {
  from.shown();
  const [start, end] = drawnRange();
  const context: DrawContext = { marks: allMarks(), isHit: () => false, unfolded };
  const rows = [];
  for (let index = start; index < end; index++) {
    const row = view.at(index);
    if (row === undefined) break;
    const isHit = () => finder?.isHit(index) ?? false;
    rows.push(drawRow(row, { ...context, isHit }));
  }
  return {
    t: "snapshot",
    tick: ++tick,
    version: view.version,
    base: view.base,
    count: view.count,
    start,
    rows,
    link: from.link.state,
    run: from.run,
    levels: view.levelCounts,
    held: view.held,
    hidden: from.hidden,
    received: from.received,
    unseen: from.unseen,
    waiting: from.waiting,
    rate: from.rate,
    find: finder?.state(),
    filterError: from.filterError,
    scan: from.scan,
    speaks: from.link.speaks,
    filterText: from.query,
  };
}

function drawnRange(): [start: number, end: number] {
  const shown = Math.min(sight.end - sight.start, MAX_ROWS);
  const margin = Math.min(MARGIN, Math.floor((MAX_ROWS - shown) / 2));
  if (sight.follow) return [Math.max(view.base, view.end - shown - margin), view.end];
  const start = Math.max(view.base, Math.min(sight.start, view.end - shown) - margin);
  return [start, Math.min(view.end, start + shown + 2 * margin)];
}

function allMarks(): readonly Mark[] {
  return finder === undefined ? marks : [markOf(finder.text, "found"), ...marks];
}

let isSearching = false;

async function search(): Promise<void> {
  if (isSearching) return;
  isSearching = true;
  while (finder !== undefined && !finder.work()) {
    changed();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  isSearching = false;
  changed();
}

async function find(text: string | undefined, near: number): Promise<void> {
  finder = text === undefined || text === "" ? undefined : new Finder(view, text);
  const mine = finder;
  changed();
  if (mine === undefined) return;
  while (!mine.work()) {
    if (mine !== finder) return;
    changed();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  if (mine === finder) go(mine.step(0, near));
}

function go(index: number | undefined, nowhere?: string, keeps: boolean = false): void {
  const row = index === undefined ? undefined : view.at(index);
  if (index !== undefined && row !== undefined) {
    scope.postMessage({ t: "goto", index, id: row.id, version: view.version, keeps });
  } else if (nowhere !== undefined) scope.postMessage({ t: "nowhere", what: nowhere });
  changed();
}

function jumpError(step: 1 | -1, near: number): void {
  const isError = (row: HeldRow | undefined) =>
    row?.gap === undefined && row !== undefined &&
    row.level >= ERROR_RANK;
  let index = Math.min(Math.max(near, view.base - 1), view.end) + step;
  while (index >= view.base && index < view.end && !isError(view.at(index))) index += step;
  go(
    isError(view.at(index)) ? index : undefined,
    step === 1 ? "No later error" : "No earlier error",
  );
}

function jumpTo(place: Place): void {
  const found = jump?.start(place) ?? "nowhere";
  if ("time" in place) {
    if (found !== "nowhere") scope.postMessage({ t: "moment", found });
    else scope.postMessage({ t: "moment", found, newest: newestTime(view) });
  } else if (found === "nowhere") tellMissing(place);
  changed();
}

function tellMissing(place: Place): void {
  const what = "time" in place
    ? "The log has no row at or after that moment"
    : `Record ${place.seq} is not here`;
  scope.postMessage({ t: "nowhere", what });
}

/** Applies a change that gives rows new numbers, and goes back to the row that was in sight. */
function renumber(keepId: number | undefined, change: () => void): void {
  change();
  if (keepId !== undefined) go(view.indexOf(keepId), undefined, true);
  changed();
}

/** Fetches what a gap left out; the row that was in sight stays where it is, or else the first fetched. */
async function fillGap(id: number, keepId: number | undefined): Promise<void> {
  const before = view.version;
  const index = view.indexOf(id);
  await feed?.fill(id);
  const hasMoved = keepId !== undefined && view.version !== before;
  if (hasMoved) go(view.indexOf(keepId) ?? index, undefined, true);
}

function textOf(form: "text" | "ndjson", range: readonly [number, number] | undefined) {
  const [start, end] = range ?? [view.base, view.end];
  const lines: string[] = [];
  for (let index = Math.max(start, view.base); index < Math.min(end, view.end); index++) {
    const row = view.at(index);
    if (row !== undefined) lines.push(form === "text" ? asText(row) : asJson(row));
  }
  return { text: lines.map((line) => line + "\n").join(""), count: lines.length };
}

function asText(row: HeldRow): string {
  if (row.gap === undefined) return plainText(row.line, LEVELS[row.level] ?? "info");
  return `--- ${row.gap.n} records missing (${row.gap.from} to ${row.gap.to}: ${row.gap.why})`;
}

function asJson(row: HeldRow): string {
  if (row.gap === undefined) {
    return row.line.startsWith("{") ? row.line : JSON.stringify({ msg: row.line });
  }
  const { from, to, n, why } = row.gap;
  return JSON.stringify({ $: "gap", from, to, n, why });
}

function open(message: Extract<ToWorker, { t: "open" }>): void {
  view.setLevels(message.levels);
  setMarks(message.marks);
  const { url, seq, token } = message;
  feed = new TailFeed({ url, view, seq, token, changed });
  jump = new Jump(view, feed, { found: (index) => go(index), missing: tellMissing });
  if (seq !== undefined) jump.await({ seq });
  feed.setQuery(message.query);
  feed.link.connect();
  // The rate falls and a lost link counts down although nothing comes.
  setInterval(changed, 1_000);
}

function setMarks(terms: readonly string[]): void {
  marks = terms.map((term, i) => markOf(term, `mark mark${i % 5}`));
}

function receive(message: ToWorker): void {
  switch (message.t) {
    case "open":
      return open(message);
    case "drawn":
      canSend = true;
      feed?.drawn();
      return isDirty ? changed() : undefined;
    case "sight":
      sight = message;
      feed?.follow(message.follow);
      break;
    case "query":
      return renumber(message.keepId, () => feed?.setQuery(message.query));
    case "levels":
      return renumber(message.keepId, () => view.setLevels(message.levels));
    case "marks":
      setMarks(message.marks);
      break;
    case "find":
      return void find(message.text, message.near);
    case "findStep":
      return go(finder?.step(message.step, message.near), finder && "Not found");
    case "jumpError":
      return jumpError(message.step, message.near);
    case "jumpSeq":
      return jumpTo({ seq: message.seq });
    case "jumpTime":
      return jumpTo({ time: message.time });
    case "jumpBar":
      return go(indexWithin(view, message.from, message.to));
    case "unfold":
      if (message.open) unfolded.add(message.id);
      else unfolded.delete(message.id);
      break;
    case "fetchGap":
      return void fillGap(message.id, message.keepId);
    case "text":
      return scope.postMessage({
        t: "text",
        ask: message.ask,
        ...textOf(message.form, message.range),
      });
    case "clear":
      feed?.clear();
      break;
    case "token":
      feed?.signIn(message.token);
      break;
    case "wake":
      feed?.link.wake();
      break;
  }
  changed();
}

scope.onmessage = ({ data }) => receive(data);
