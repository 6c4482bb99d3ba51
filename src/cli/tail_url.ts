import { UsageError } from "./usage_error.ts";

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const HOST_AND_PORT = /^(?:[\w.-]+|\[[0-9a-f:.]+\]):\d{1,5}(?:\/|$)/i;

/** Whether an argument names a server rather than a folder: `http://...` or `HOST:PORT`. */
export function isTailAddress(text: string): boolean {
  return SCHEME.test(text) || HOST_AND_PORT.test(text);
}

/**
 * The URL of a live view; `HOST:PORT` is one without its beginning. Messages never show what may be a
 * secret in it.
 *
 * @throws {UsageError} If it is no URL of HTTP, or has a password in it
 */
export function parseTailUrl(text: string): URL {
  const url = URL.parse(SCHEME.test(text) ? text : `http://${text}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UsageError(
      `"${text.split("?")[0]}" is no address of a log: use for example http://127.0.0.1:8484`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(
      'The URL has a name or a password in it, which logs may keep: send --header "authorization: ..."',
    );
  }
  url.hash = "";
  return url;
}
