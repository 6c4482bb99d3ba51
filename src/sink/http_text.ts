import { visible } from "./pretty.ts";

/** So much of what a server says stands in a message. */
const MAX_CHARS = 200;
/** A shorter secret would take ordinary words out of a message. */
const MIN_SECRET_CHARS = 4;
const URLS = /\bhttps?:\/\/[^\s"'<>()]+/gi;

/** An address for people: without credentials, query and fragment, any of which may be secret. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return "an address that is none";
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?..."}`;
}

/** Text of others for a message: without secrets, in one line, and short. */
export function shownText(text: string, secrets: readonly string[]): string {
  let safe = text.replace(URLS, (url) => shownUrl(url));
  for (const secret of secrets) safe = safe.replaceAll(secret, "***");
  const chars = Array.from(visible(safe.trim()));
  return chars.length > MAX_CHARS ? `${chars.slice(0, MAX_CHARS).join("")}...` : chars.join("");
}

/** What must stand in no message: the given texts, and the words that they consist of. */
export function secretsIn(texts: Iterable<string>): string[] {
  const all = [...texts].flatMap((text) => [text, ...text.split(/\s+/)]);
  // The longest first, so that no rest of one stays behind.
  return [...new Set(all)].filter((text) => text.length >= MIN_SECRET_CHARS)
    .sort((a, b) => b.length - a.length);
}

/** What failed underneath: runtimes hide it behind a "fetch failed". */
export function rootMessage(error: unknown): string {
  let root = error as { message?: unknown; code?: unknown; cause?: unknown } | null | undefined;
  // A chain of causes may lead back to itself.
  for (let depth = 0; depth < 8 && root?.cause instanceof Error; depth++) root = root.cause;
  const message = String(root?.message ?? error);
  const code = String(root?.code ?? "");
  if (code === "" || message.includes(code)) return message;
  return message === "" ? code : `${message} (${code})`;
}
