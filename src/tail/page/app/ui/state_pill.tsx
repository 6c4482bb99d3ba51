/// <reference lib="dom" />
/** @jsxImportSource preact */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Link } from "../messages.ts";
import { pause, resume } from "./reading.ts";
import { reconnect } from "./start.ts";
import { following, overview } from "./state.ts";
import { count } from "./words.ts";

/** How the page stands with the server: always there, told in words and by a sign. */
export function StatePill(): JSX.Element {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => now.value = Date.now(), 500);
    return () => clearInterval(timer);
  }, []);
  const link = overview.value?.link ?? { kind: "connecting" };
  const { tone, text } = stateWords(link, following.value, now.value);
  const isOff = link.kind === "lost" || link.kind === "refused";
  return (
    <div class="state">
      <span class="pill" data-tone={tone} role="status">{text}</span>
      {link.kind === "sign-in"
        ? null
        : isOff
        ? <button type="button" onClick={reconnect}>Try now</button>
        : (
          <button type="button" onClick={() => following.value ? pause(true) : resume()}>
            {following.value ? "Pause" : "Resume"}
          </button>
        )}
    </div>
  );
}

function stateWords(link: Link, follows: boolean, now: number): { tone: string; text: string } {
  switch (link.kind) {
    case "connecting":
      return { tone: "wait", text: "connecting" };
    case "replay":
      return { tone: "wait", text: "loading history" };
    case "lost":
      return { tone: "bad", text: `lost: ${link.why}, ${retryText(link.retryAt - now)}` };
    case "refused":
      return { tone: "bad", text: `refused: ${link.why}` };
    case "sign-in":
      return { tone: "bad", text: "signed out" };
    case "behind":
      if (follows) return { tone: "wait", text: `behind by ${count(link.n)}` };
  }
  return follows ? { tone: "good", text: "live" } : { tone: "still", text: "paused" };
}

function retryText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds <= 0 ? "trying again" : `retry in ${seconds} s`;
}
