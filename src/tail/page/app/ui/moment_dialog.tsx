/// <reference lib="dom" />
/** @jsxImportSource preact */
import { type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import { type FromWorker, SEVERITIES } from "../messages.ts";
import { pause } from "./reading.ts";
import { timeForm } from "./settings.ts";
import { histogram } from "./state.ts";
import { type MomentReading, parseMoment } from "./moment_text.ts";
import { fullTimeText, zoneText } from "./time_text.ts";
import { send } from "./worker_port.ts";

/** What is wrong with what was typed; empty while nothing is. */
const problem: Signal<string> = signal("");

/**
 * Asks for a moment and goes there. Always in the page, if closed, so that opening it takes the focus at
 * once: what is typed next must not be taken for keys of the page.
 */
export function MomentDialog(): JSX.Element {
  const hasProblem = problem.value !== "";
  return (
    <dialog
      id="moment"
      class="moment"
      aria-labelledby="moment-title"
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      <form onSubmit={submit}>
        <h2 id="moment-title">Go to a time</h2>
        <input
          id="moment-text"
          aria-labelledby="moment-title"
          aria-describedby="moment-note"
          aria-invalid={hasProblem}
          placeholder="14:32:05"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={() => problem.value = ""}
        />
        <p id="moment-note" class={hasProblem ? "problem" : "hint"} aria-live="polite">
          {hasProblem ? problem : hintText()}
        </p>
        <div class="acts">
          <button type="button" onClick={close}>Cancel</button>
          <button type="submit" class="main">Go</button>
        </div>
      </form>
    </dialog>
  );
}

/** Opens the dialog. */
export function openMoment(): void {
  problem.value = "";
  const dialog = document.getElementById("moment") as HTMLDialogElement;
  if (!dialog.open) dialog.showModal();
  const input = document.getElementById("moment-text") as HTMLInputElement;
  input.focus();
  input.select();
}

/** Takes in what the Worker answers. */
export function momentAnswered(answer: Extract<FromWorker, { t: "moment" }>): void {
  if (answer.found === "nowhere") {
    problem.value = answer.newest === undefined
      ? "No row here has a time"
      : `No row is that late: the newest is of ${newestText(answer.newest)}`;
    return;
  }
  // What comes from the server is the past, where nobody follows the end.
  if (answer.found === "asked") pause(false);
  close();
}

/** The browser gives the focus back to what had it. */
function close(): void {
  (document.getElementById("moment") as HTMLDialogElement).close();
}

function submit(event: Event): void {
  event.preventDefault();
  const input = document.getElementById("moment-text") as HTMLInputElement;
  const moment = parseMoment(input.value, reading());
  if (moment.ok) send({ t: "jumpTime", time: moment.time });
  else problem.value = moment.problem;
}

function reading(): MomentReading {
  const now = Date.now();
  const { startMs, widthMs, counts } = histogram.value ?? { startMs: 0, widthMs: 0, counts: [] };
  const newest = counts.length === 0 ? now : startMs + widthMs * counts.length / SEVERITIES;
  return { zone: isUtc() ? "utc" : "local", now, newest };
}

function isUtc(): boolean {
  return timeForm.value === "utc";
}

function hintText(): string {
  const local = zoneText(Date.now());
  const zone = isUtc() || local === "UTC" ? "UTC" : `local time, ${local}`;
  return `Also 2026-11-21 14:32, an ISO time, -15m, 2h ago. Read as ${zone}`;
}

function newestText(time: number): string {
  return isUtc() ? new Date(time).toISOString().replace("T", " ") : fullTimeText(time);
}
