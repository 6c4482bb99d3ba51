/// <reference lib="dom" />
import { pageUrl } from "./state.ts";
import { signed } from "./token.ts";

/**
 * Saves what the log holds, as the server has it: `q` filters, `from` and `to` name a part.
 *
 * @throws {Error} If the server refuses; its own sentence says why
 */
export async function saveFromServer(wish: Readonly<Record<string, string>>): Promise<void> {
  const params = new URLSearchParams({ from: "kept", ...wish, follow: "0" });
  // An address alone would be answered with the page.
  const headers = signed({ accept: "application/x-ndjson" });
  const answer = await fetch(`${pageUrl}?${params}`, { headers });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  saveBlob(await answer.blob(), "ndjson");
}

/** Gives the reader a file. */
export function saveBlob(blob: Blob, extension: string): void {
  const link = document.createElement("a");
  const moment = new Date().toISOString().slice(0, 19).replace(/:/g, "");
  link.href = URL.createObjectURL(blob);
  link.download = `logflume-${moment}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
