/// <reference lib="dom" />
/** @jsxImportSource preact */
import { useComputed, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { LEVELS } from "../../../../record/level.ts";
import type { Snapshot } from "../messages.ts";
import {
  drawn,
  moveCurrent,
  resume,
  setFollowing,
  setScroller,
  tellSight,
  unfold,
} from "./reading.ts";
import { current, following, selection, snapshot } from "./state.ts";
import { GapView, RecordView } from "./row_view.tsx";
import { Scroller } from "./scroller.ts";
import { isNarrow, timeForm, wrap } from "./settings.ts";
import { timeText } from "./time_text.ts";
import { counted } from "./words.ts";

/** Height of a row that does not wrap, as the style has it. */
const ROW_PX = 21;
/** Above this many lines a second nobody can listen. */
const TALK_RATE = 5;

/** The list of rows. */
export function LogView(): JSX.Element {
  const viewport = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const scroller = useRef<Scroller>(undefined);
  const shown = snapshot.value;
  const isQuiet = useComputed(() => (snapshot.value?.rate ?? 0) <= TALK_RATE && following.value);
  useEffect(() => {
    const elements = {
      viewport: viewport.current as HTMLElement,
      spacer: spacer.current as HTMLElement,
      layer: layer.current as HTMLElement,
    };
    scroller.current = new Scroller(elements, { sight: tellSight, follow: setFollowing }, ROW_PX);
    setScroller(scroller.current);
  }, []);
  useSignalEffect(() => scroller.current?.setWrap(wrap.value === "on"));
  useLayoutEffect(() => {
    if (shown === undefined || scroller.current === undefined) return;
    scroller.current.place(shown);
    drawn(shown);
  }, [shown, wrap.value]);
  return (
    <div
      ref={viewport}
      id="log"
      class={`log ${wrap.value === "on" ? "wrap" : "nowrap"}`}
      role="log"
      aria-label="Log records"
      aria-live={isQuiet.value ? "polite" : "off"}
      tabIndex={0}
      onClick={clicked}
    >
      <div ref={spacer} class="spacer">
        <div ref={layer} class="layer">
          {shown && <Rows shown={shown} />}
        </div>
      </div>
      {shown?.count === 0 && <Empty shown={shown} />}
    </div>
  );
}

function Rows({ shown }: { readonly shown: Snapshot }): JSX.Element {
  const now = Date.now();
  const form = timeForm.value;
  // A fast log passes through the same nodes; in a slow one every row has its own, which can be heard.
  const recycles = following.value && shown.rate > TALK_RATE;
  return (
    <>
      {shown.rows.map((row, i) => {
        const index = shown.start + i;
        const classes = classesOf(index);
        const key = recycles ? i : row.id;
        if (row.kind === "gap") return <GapView key={key} {...{ row, index, classes }} />;
        const time = isNarrow.value ? shortTime(row.time) : timeText(row.time, form, now);
        return <RecordView key={key} {...{ row, index, classes, time }} />;
      })}
    </>
  );
}

/** On a narrow screen a row has no room for milliseconds; its unfolded block tells them. */
function shortTime(time: number): string {
  return timeText(time, timeForm.value, Date.now()).replace(/\.\d{3}$/, "");
}

function classesOf(index: number): string {
  const chosen = selection.value;
  const isChosen = chosen !== undefined && index >= Math.min(chosen.from, chosen.to) &&
    index <= Math.max(chosen.from, chosen.to);
  return (isChosen ? " chosen" : "") + (index === current.value ? " current" : "");
}

/** A click unfolds, with Shift it selects; whoever selects text does neither. */
function clicked(event: MouseEvent): void {
  const target = event.target as Element;
  const row = target.closest<HTMLElement>(".row");
  if (row === null || target.closest(".details, button") !== null) return;
  const index = Number(row.dataset.index);
  if (event.shiftKey) {
    getSelection()?.removeAllRanges();
    moveCurrent(index - (current.value ?? index), true);
    current.value = index;
    return;
  }
  if (getSelection()?.isCollapsed === false || row.classList.contains("gap")) return;
  current.value = index;
  selection.value = undefined;
  unfold(Number(row.dataset.id), !row.classList.contains("open"));
}

function Empty({ shown }: { readonly shown: Snapshot }): JSX.Element {
  if (shown.hidden > 0) {
    return (
      <p class="empty">
        <b>No record matches</b>
        {counted(shown.hidden, "record")} hidden by filter and levels
      </p>
    );
  }
  const { kind } = shown.link;
  if (kind === "lost" || kind === "refused" || kind === "sign-in") {
    return <p class="empty">Nothing was received yet</p>;
  }
  return (
    <p class="empty">
      <b>{kind === "connecting" ? "Connecting" : "Waiting for records"}</b>
      They appear here as they are written
    </p>
  );
}

/** Says the row where the keys are to who cannot see it. */
export function SpokenRow(): JSX.Element {
  const shown = snapshot.value;
  const row = shown?.rows[(current.value ?? -1) - shown.start];
  const text = row?.kind === "record" ? row.message.map(([piece]) => piece).join("") : "";
  const spoken = row?.kind === "record"
    ? `${LEVELS[row.level]}: ${text.slice(0, 300)}`
    : row && `${counted(row.n, "record")} missing`;
  return <p class="spoken" aria-live="polite">{spoken}</p>;
}

/** The button that leads back to the end. */
export function NewerButton(): JSX.Element | null {
  const shown = snapshot.value;
  if (following.value || shown === undefined) return null;
  const n = shown.unseen + shown.waiting;
  return (
    <button type="button" class="newer" onClick={resume}>
      {n > 0 ? `${counted(n, "new record")} ↓` : "Follow ↓"}
    </button>
  );
}
