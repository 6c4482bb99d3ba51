/** Withholds the values of names that mostly bear secrets. */
export interface Redaction {
  /** A query string, without its question mark, in which such values are replaced. */
  query(query: string): string;
  /** Headers by their names, in which such values are replaced. */
  headers(headers: Headers): Record<string, string>;
}

/** What stands in the place of a value. */
const WITHHELD = "[redacted]";

const HEADERS: readonly string[] = [
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "x-csrf-token",
];

/** Without `-` and `_`, in lower case. `code` and `state` are OAuth's. */
const QUERY_KEYS: readonly string[] = [
  "accesstoken",
  "apikey",
  "apitoken",
  "auth",
  "authorization",
  "clientsecret",
  "code",
  "idtoken",
  "jwt",
  "key",
  "passwd",
  "password",
  "pwd",
  "refreshtoken",
  "secret",
  "session",
  "sessionid",
  "sig",
  "signature",
  "state",
  "token",
  "xamzsecuritytoken",
  "xamzsignature",
];

/** Creates a redaction; `names` are withheld beside those that it knows. */
export function createRedaction(names: readonly string[]): Redaction {
  const own = names.map((name) => String(name));
  const headerNames = new Set([...HEADERS, ...own.map((name) => name.toLowerCase())]);
  const queryKeys = new Set([...QUERY_KEYS, ...own.map(plain)]);
  // `user[password]` and `user.password` are as secret as `password`.
  const isSecret = (key: string): boolean =>
    [key, ...key.split(/[^\w-]+/)].some((part) => queryKeys.has(plain(part)));
  return {
    query: (query) =>
      query.split("&").map((pair) => {
        const at = pair.indexOf("=");
        if (at < 0 || !isSecret(decoded(pair.slice(0, at)))) return pair;
        return pair.slice(0, at + 1) + WITHHELD;
      }).join("&"),
    headers: (headers) =>
      Object.fromEntries(
        [...headers].map(([name, value]) => [name, headerNames.has(name) ? WITHHELD : value]),
      ),
  };
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}

/** A key that is not encoded as it should be is looked at as it is. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
