/// <reference lib="dom" />
/** @jsxImportSource preact */
/**
 * The page: a bar on top, the rows, and the panel beside them.
 *
 * @module
 */
import { effect } from "@preact/signals";
import { type JSX, render } from "preact";
import { FilterLine } from "./filter_line.tsx";
import { closeFind, FindBar, openFind } from "./find_bar.tsx";
import { Help } from "./help.tsx";
import { listenForKeys } from "./keys.ts";
import { LevelChips } from "./level_chips.tsx";
import { LogView, NewerButton, SpokenRow } from "./log_view.tsx";
import { MarksBar } from "./marks_bar.tsx";
import { MomentDialog, openMoment } from "./moment_dialog.tsx";
import { notice } from "./notice.ts";
import { clear } from "./reading.ts";
import { start } from "./start.ts";
import { findText, isHelpOpen, overview, pageUrl } from "./state.ts";
import { Panel } from "./panel.tsx";
import { SaveMenu } from "./save_menu.tsx";
import { next, strip, theme, THEMES, timeForm, wrap } from "./settings.ts";
import { SignIn } from "./sign_in.tsx";
import { StatePill } from "./state_pill.tsx";
import { feedStats } from "./stats_feed.ts";
import { Strip } from "./strip.tsx";
import { TIME_FORMS } from "./time_text.ts";
import { counted, rateText } from "./words.ts";

function App(): JSX.Element {
  return (
    <>
      <header class="top">
        <h1>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <rect width="16" height="16" rx="4" />
            <path d="M3 5.5q2.5-2 5 0t5 0M3 10.5q2.5-2 5 0t5 0" />
          </svg>
          logflume
        </h1>
        <StatePill />
        <FilterLine />
        <Tools />
      </header>
      <section class="bar" aria-label="What is shown">
        <LevelChips />
        <MarksBar />
        <Counts />
      </section>
      <div class="room">
        <main>
          <Strip />
          <div class="list">
            <FindBar />
            <LogView />
            <NewerButton />
            <SpokenRow />
            <p class={notice.value === "" ? "notice" : "notice on"} role="status">{notice}</p>
          </div>
        </main>
        <Panel />
      </div>
      <Help />
      <MomentDialog />
      <SignIn />
    </>
  );
}

function Tools(): JSX.Element {
  return (
    <div class="tools" role="toolbar" aria-label="View">
      <button type="button" aria-pressed={findText.value !== undefined} onClick={toggleFind}>
        Find
      </button>
      <button type="button" title="Go to a time (T)" onClick={openMoment}>
        Go to
      </button>
      <button
        type="button"
        aria-pressed={strip.value === "on"}
        title="Counts over time (b)"
        onClick={() => strip.value = strip.value === "on" ? "off" : "on"}
      >
        Bars
      </button>
      <button
        type="button"
        aria-pressed={wrap.value === "on"}
        onClick={() => wrap.value = wrap.value === "on" ? "off" : "on"}
      >
        Wrap
      </button>
      <button
        type="button"
        title="How rows tell their time"
        onClick={() => timeForm.value = next(TIME_FORMS, timeForm.value)}
      >
        {{ local: "Local time", utc: "UTC", relative: "Time ago" }[timeForm.value]}
      </button>
      <SaveMenu />
      <button type="button" title="Empty the list; the log stays as it is" onClick={clear}>
        Clear
      </button>
      <button
        type="button"
        title="Colours"
        onClick={() => theme.value = next(THEMES, theme.value)}
      >
        {{ system: "Auto", dark: "Dark", light: "Light" }[theme.value]}
      </button>
      <button type="button" aria-label="Keys and filters" onClick={() => isHelpOpen.value = true}>
        ?
      </button>
    </div>
  );
}

function toggleFind(): void {
  if (findText.value === undefined) openFind();
  else closeFind();
}

function Counts(): JSX.Element | null {
  const shown = overview.value;
  if (shown === undefined) return null;
  return (
    <span class="counts">
      {counted(shown.count, "row")}
      <span>{rateText(shown.rate)}</span>
    </span>
  );
}

effect(() => {
  const { dataset } = document.documentElement;
  if (theme.value === "system") delete dataset.theme;
  else dataset.theme = theme.value;
});
start();
listenForKeys();
render(<App />, document.getElementById("app") as HTMLElement);
void feedStats(`${pageUrl.replace(/\/$/, "")}/stats`);
