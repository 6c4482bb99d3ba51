/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { LEVELS } from "../../../../record/level.ts";
import type { GapRow, RecordRow } from "../messages.ts";
import { DetailsView } from "./details_view.tsx";
import { fetchGap } from "./reading.ts";
import { nodesOf } from "./pieces.tsx";
import { bytesText, count, counted } from "./words.ts";

/** What a row is drawn with besides its own text. */
export interface RowProps {
  readonly index: number;
  readonly classes: string;
  readonly time: string;
}

/** A record as a row, and its unfolded block below. */
export function RecordView(
  { row, index, classes, time }: RowProps & { readonly row: RecordRow },
): JSX.Element {
  const level = LEVELS[row.level] ?? "info";
  const isOpen = row.details !== undefined;
  return (
    <div
      class={`row ${level}${classes}${row.hit ? " hit" : ""}${isOpen ? " open" : ""}`}
      data-index={index}
      data-id={row.id}
    >
      <div class="line">
        <span class="time">{time}</span>
        <span class="level">{level}</span>
        <span class="logger">{row.logger}</span>
        <span class="text">
          {nodesOf(row.message)}
          {row.wholeBytes > 0 && <span class="cut">cut from {bytesText(row.wholeBytes)}</span>}
          <span class="fields">
            {nodesOf(row.fields)}
          </span>
        </span>
      </div>
      {row.details && <DetailsView row={row} details={row.details} />}
    </div>
  );
}

const WHY: Readonly<Record<string, string>> = {
  slow: "this page fell behind and was moved on to the present",
  evicted: "they were no longer kept when this page asked",
  sampled: "only a sample of a fast log is shown",
  restart: "the program was restarted and its log did not keep them",
  damaged: "the log is damaged there",
  trimmed: "the log had removed them",
};

/** A row that says exactly what is missing. */
export function GapView(
  { row, index, classes }: Omit<RowProps, "time"> & { readonly row: GapRow },
): JSX.Element {
  const text = row.n === 0
    ? "The program was restarted: its log goes on here"
    : `${counted(row.n, "record")} missing: ${WHY[row.why] ?? row.why}`;
  return (
    <div class={`row gap${classes}`} data-index={index} data-id={row.id}>
      <span title={row.n === 0 ? "" : `${count(row.from)} to ${count(row.to)}`}>{text}</span>
      {row.fetch === "offered" && (
        <button type="button" onClick={() => fetchGap(row.id)}>Fetch</button>
      )}
      {row.fetch === "running" && <em>fetching…</em>}
      {row.fetch === "failed" && (
        <button type="button" onClick={() => fetchGap(row.id)}>Failed, try again</button>
      )}
    </div>
  );
}
