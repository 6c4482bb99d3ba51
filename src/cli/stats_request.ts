import type { PipelineStats } from "../pipeline/stats.ts";
import { visible } from "../sink/pretty.ts";
import { TailFailure } from "./tail_news.ts";
import { networkReason, placeOf } from "./tail_request.ts";
import { UsageError } from "./usage_error.ts";

/** How long a server may take to answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Where figures are asked for. */
export interface StatsRequest {
  /** The live view. */
  readonly url: URL;
  /** Headers to send. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Parts that the figures of every pipeline have; one of another version may lack newer ones. */
const PARTS = ["refused", "log", "sequence", "latency", "lanes", "deadLetters", "tail"];

/**
 * Asks a live view for the figures of its pipeline.
 *
 * @throws {UsageError} If the server refuses, or is no live view
 * @throws {TailFailure} If it cannot be reached, or not now
 */
export async function requestStats(
  { url, headers }: StatsRequest,
  signal: AbortSignal,
): Promise<PipelineStats> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  const sent = new Headers([...headers.map(([name, value]): [string, string] => [name, value])]);
  sent.append("accept", "application/json");
  let response: Response;
  let text: string;
  try {
    response = await fetch(addressOf(url), { headers: sent, signal: limited });
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new TailFailure(`Cannot reach ${placeOf(url)}: ${networkReason(error)}`, {
      cause: error,
    });
  }
  if (!response.ok) refuse(response.status, text, url);
  const found = parse(text);
  if (found !== undefined) return found;
  throw new UsageError(
    `What is at ${placeOf(url)} tells no figures of a pipeline: name a live view, for example ` +
      `${url.origin}`,
  );
}

/** The figures stand beside the tail, whichever of its addresses was given. */
function addressOf(url: URL): URL {
  const address = new URL(url);
  address.search = "";
  address.pathname = address.pathname.replace(/\/(stats)?$/, "") + "/stats";
  return address;
}

function refuse(status: number, text: string, url: URL): never {
  const words = visible(text.trim().slice(0, 300));
  const said = words === "" || /^[<{]/.test(words) ? "" : `: ${words}`;
  const place = placeOf(url);
  if (status === 401) {
    throw new UsageError(
      `${place} asks for a token: send --header "authorization: Bearer TOKEN", or set LOGFLUME_TOKEN`,
    );
  }
  if (status === 404) {
    throw new UsageError(
      `There are no figures at ${place}: name its path, for example ${url.origin}/logs`,
    );
  }
  if (status < 500) throw new UsageError(`${place} answered ${status}${said}`);
  throw new TailFailure(`${place} answered ${status}${said}`);
}

/** Undefined if the text is no pipeline's figures. */
function parse(text: string): PipelineStats | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const parts = value as Record<string, unknown>;
    const isWhole = PARTS.every((part) => typeof parts[part] === "object" && parts[part] !== null);
    return isWhole ? value as PipelineStats : undefined;
  } catch {
    return undefined;
  }
}
