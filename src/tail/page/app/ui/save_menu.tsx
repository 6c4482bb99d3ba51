/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { copySelection, overview, pageUrl, query, tell, textOf } from "./model.ts";
import { counted } from "./words.ts";

/** What can be taken away: the log as the server has it, or the rows of this page. */
export function SaveMenu(): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null);
  const act = (action: () => Promise<void>) => () => {
    menu.current?.removeAttribute("open");
    action().catch((error: Error) => tell(`Saving failed: ${error.message}`));
  };
  return (
    <details class="menu" ref={menu}>
      <summary>Save</summary>
      <div>
        {overview.value?.canDownload !== false && (
          <button type="button" onClick={act(saveFromServer)}>
            {query.value === "" ? "Whole log, NDJSON" : "All matches in the log, NDJSON"}
          </button>
        )}
        <button type="button" onClick={act(() => saveRows("ndjson"))}>
          Rows of this page, NDJSON
        </button>
        <button type="button" onClick={act(() => saveRows("text"))}>Rows of this page, text</button>
        <button type="button" onClick={act(copySelection)}>Copy selected rows</button>
      </div>
    </details>
  );
}

async function saveFromServer(): Promise<void> {
  const params = new URLSearchParams({ follow: "0" });
  if (query.value !== "") params.set("q", query.value);
  const headers = { accept: "application/x-ndjson" };
  const answer = await fetch(`${pageUrl}?${params}`, { headers });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  saveBlob(await answer.blob(), "ndjson");
}

async function saveRows(form: "text" | "ndjson"): Promise<void> {
  const { text, count } = await textOf(form);
  saveBlob(new Blob([text], { type: "text/plain" }), form === "text" ? "log" : "ndjson");
  tell(`Saved ${counted(count, "row")}`);
}

function saveBlob(blob: Blob, extension: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `logflume-${
    new Date().toISOString().slice(0, 19).replace(/:/g, "")
  }.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
