import { systemClock } from "../clock.ts";
import { parseRetryAfter } from "../delivery/retry_after.ts";
import { visible } from "../sink/pretty.ts";
import { hasHeader } from "./tail_header.ts";
import type { TailPlace } from "./tail_options.ts";
import { UsageError } from "./usage_error.ts";

/** The link is not there, or no more: worth another try. */
export class LinkLostError extends Error {
  override readonly name = "LinkLostError";
  /** When the server wants to be asked again; undefined if it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What is asked of a server. */
export interface TailRequest {
  /** The live view. */
  readonly url: URL;
  /** The query line; empty for none. */
  readonly query: string;
  /** Whether the answer goes on with new records. */
  readonly follow: boolean;
  /** Headers to send. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The most of an answer's text that is shown. */
const MAX_WORDS = 300;

/**
 * Asks for the tail from a place on; the answer is a stream of messages, one a line.
 *
 * @throws {UsageError} If the server refuses, or is no live view
 * @throws {LinkLostError} If it cannot be reached, or not now
 */
export async function requestTail(
  request: TailRequest,
  from: TailPlace,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const headers = new Headers({ accept: "application/x-ndjson" });
  for (const [name, value] of request.headers) headers.append(name, value);
  let response: Response;
  try {
    // Whoever is sent on by a server would get the headers, of which any may be a secret.
    response = await fetch(addressOf(request, from), { headers, signal, redirect: "manual" });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new LinkLostError(networkReason(error), { cause: error });
  }
  if (response.status >= 300 && response.status < 400) await refuseToMove(response, request);
  if (!response.ok) await refuse(response, request);
  const type = response.headers.get("content-type") ?? "nothing";
  if (response.body !== null && type.includes("ndjson")) return response.body;
  await response.body?.cancel();
  throw new UsageError(
    `What is at ${placeOf(request.url)} is no live view: it answered with ${visible(type)}`,
  );
}

function addressOf({ url, query, follow }: TailRequest, from: TailPlace): URL {
  const address = new URL(url);
  address.searchParams.set("v", "1");
  address.searchParams.set("from", fromText(from));
  if (query !== "") address.searchParams.set("q", query);
  if (!follow) address.searchParams.set("follow", "0");
  return address;
}

function fromText(from: TailPlace): string {
  if (from.kind === "last") return `-${from.count}`;
  if (from.kind !== "seq") return from.kind;
  return from.run === undefined ? String(from.seq) : `${from.run}.${from.seq}`;
}

async function refuseToMove(response: Response, { url }: TailRequest): Promise<never> {
  await response.body?.cancel();
  const target = URL.parse(response.headers.get("location") ?? "", url);
  const advice = target === null ? "name the address of the live view" : `name ${placeOf(target)}`;
  throw new UsageError(`${placeOf(url)} sends us on to another address: ${advice} if you trust it`);
}

async function refuse(response: Response, { url, headers }: TailRequest): Promise<never> {
  const words = visible((await response.text().catch(() => "")).trim().slice(0, MAX_WORDS));
  const said = words === "" || /^[<{]/.test(words) ? "" : `: ${words}`;
  const { status } = response;
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), systemClock.now());
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 503 || status === 429) {
    throw new LinkLostError(`the server takes no more clients now (${status})${said}`, wait);
  }
  if (status >= 500 || status === 408) {
    throw new LinkLostError(`the server answered ${status}${said}`, wait);
  }
  const advice = 'send --header "authorization: Bearer TOKEN", or set LOGFLUME_TOKEN';
  throw new UsageError(
    status === 401
      ? hasHeader(headers, "authorization")
        ? `${placeOf(url)} does not accept the token: ask whoever runs it for another`
        : `${placeOf(url)} asks for a token: ${advice}`
      : status === 403
      ? `${placeOf(url)} denies access${said === "" ? ": ask whoever runs it" : said}`
      : status === 404
      ? `There is no live view at ${placeOf(url)}: name its path, for example ${url.origin}/logs`
      : `${placeOf(url)} answered ${status}${said}`,
  );
}

/** A URL without its query, which may hold a secret. */
export function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname === "/" ? "" : pathname}`;
}

const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/refused/i, "the connection is refused"],
  [/notfound|eai_again|resolve|getaddrinfo|dns|unable to connect/i, "there is no such host"],
  [/certificate|cert|unknownissuer|tls|ssl/i, "its certificate is not trusted"],
  [/unreachable/i, "the host cannot be reached"],
  [/timed?_? ?out/i, "the connection timed out"],
];

/** Why the network failed. The runtimes word it differently, and some show the whole URL. */
export function networkReason(error: unknown): string {
  let words = "";
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    words += ` ${String((at as { code?: unknown }).code ?? "")} ${at.message}`;
    if (at instanceof AggregateError) words += ` ${at.errors.map(networkCode).join(" ")}`;
  }
  // A host's or path's own name must not be taken for the reason.
  const plain = words.replace(/\(?https?:\/\/[^\s)]*\)?/g, "");
  return REASONS.find(([pattern]) => pattern.test(plain))?.[1] ?? "the connection broke";
}

function networkCode(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? "");
}
