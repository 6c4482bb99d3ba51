/** What is looked at of a request. */
export interface RequestHeaders {
  /** The method. */
  readonly method: string;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
}

/** Who may read the tail. */
export interface AccessOptions {
  /** Other origins of pages that may read it, for example `https://ops.example.com`. */
  readonly origins?: readonly string[];
  /** Host names, with or without a port, under which it may be asked besides loopback names. */
  readonly hosts?: readonly string[];
  /** Whether any host name will do. False unless given. */
  readonly allowRemote?: boolean;
}

/** Why a request is refused: an HTTP status and one sentence. */
export interface Refusal {
  readonly status: 400 | 403 | 426;
  readonly message: string;
}

/**
 * Refuses lists that would let in more or less than is meant, and to show the tail to other hosts while
 * nobody checks who asks.
 *
 * @throws {TypeError} If an origin, a host or `allowRemote` is malformed, or other hosts are allowed
 * without `auth`
 */
export function assertAccess(options: AccessOptions & { readonly auth?: unknown }): void {
  const { origins = [], hosts = [], allowRemote = false, auth } = options;
  assertList("origins", origins, ORIGIN, "https://ops.example.com");
  assertList("hosts", hosts, HOST, "logs.example.com");
  if (typeof allowRemote !== "boolean") {
    throw new TypeError(`Invalid allowRemote "${allowRemote}": use true or false`);
  }
  const isRemote = allowRemote || hosts.length > 0;
  if (!isRemote || auth !== undefined) return;
  throw new TypeError(
    'Cannot show the tail to other hosts without "auth": give a token, a function that checks the ' +
      "request, or () => true if something in front of it has checked",
  );
}

/** A bare text would be taken for a list of its parts, and what a browser never sends never matches. */
function assertList(name: string, list: unknown, form: RegExp, example: string): void {
  if (!Array.isArray(list)) {
    throw new TypeError(`Invalid ${name}: pass an array, for example ["${example}"]`);
  }
  for (const item of list) {
    if (typeof item === "string" && form.test(item.toLowerCase())) continue;
    throw new TypeError(`Invalid ${name}: "${item}" is none, use the form of "${example}"`);
  }
}

/** As a browser sends it; `null`, which any sandboxed page sends, is none. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/\s,*?#@]+$/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::([0-9]{1,5}))?$/;
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/**
 * Checks a request before any of its answers. The URL of the request is not trusted: with an absolute
 * target its host is whatever the client wrote. Undefined if all is well.
 */
export function refuse(request: RequestHeaders, options: AccessOptions): Refusal | undefined {
  const host = request.header("host")?.toLowerCase();
  return refuseHost(host, options) ?? refuseOrigin(request, host ?? "", options) ??
    refuseUpgrade(request);
}

/** On loopback a page of any site can reach us under its own name (DNS rebinding): names are checked. */
function refuseHost(host: string | undefined, options: AccessOptions): Refusal | undefined {
  const match = host === undefined ? null : HOST.exec(host);
  if (host === undefined || match === null || Number(match[2] ?? 0) > 65_535) {
    return forbidden("The Host header is missing or odd: send exactly one host name");
  }
  const name = match[1] ?? "";
  const listed = options.hosts?.some((allowed) => [host, name].includes(allowed.toLowerCase()));
  if (options.allowRemote || listed || LOOPBACK.test(name)) return undefined;
  return forbidden(`The host "${host}" may not be used here: add it to "hosts" to allow it`);
}

function refuseOrigin(
  request: RequestHeaders,
  host: string,
  options: AccessOptions,
): Refusal | undefined {
  const origin = request.header("origin");
  if (origin === undefined) return refuseForeignFetch(request);
  if (options.origins?.includes(origin) || isOriginOf(origin, host)) return undefined;
  return forbidden(
    `Pages of the origin "${origin}" may not read this: add it to "origins" to allow it`,
  );
}

/** Behind a proxy that speaks TLS the scheme is not known here, so either will do. */
function isOriginOf(origin: string, host: string): boolean {
  const match = /^(https?):\/\/([^/]+)$/.exec(origin.toLowerCase());
  if (match === null) return false;
  const port = match[1] === "https" ? ":443" : ":80";
  const plain = (name: string) => name.endsWith(port) ? name.slice(0, -port.length) : name;
  return plain(match[2] ?? "") === plain(host);
}

/** A page of another site that embeds us as an image or a script sends no Origin, but says this. */
function refuseForeignFetch(request: RequestHeaders): Refusal | undefined {
  const site = request.header("sec-fetch-site");
  const foreign = site === "cross-site" || site === "same-site";
  if (!foreign || request.header("sec-fetch-mode") === "navigate") return undefined;
  return forbidden("Pages of other sites may not embed this");
}

/** Runtimes differ in what they do with half an upgrade, so none of them sees one. */
function refuseUpgrade(request: RequestHeaders): Refusal | undefined {
  const upgrade = request.header("upgrade");
  if (upgrade === undefined) return undefined;
  if (upgrade.toLowerCase() !== "websocket") {
    return { status: 400, message: `Cannot upgrade to "${upgrade}": only to websocket` };
  }
  if (request.method !== "GET" || !/\bupgrade\b/i.test(request.header("connection") ?? "")) {
    return { status: 400, message: 'A WebSocket handshake is a GET with "Connection: Upgrade"' };
  }
  if (request.header("sec-websocket-version") !== "13") {
    return { status: 426, message: "Only WebSocket version 13 is spoken here" };
  }
  if (/^[A-Za-z0-9+/]{22}==$/.test(request.header("sec-websocket-key") ?? "")) return undefined;
  return { status: 400, message: "The WebSocket handshake has no valid Sec-WebSocket-Key" };
}

function forbidden(message: string): Refusal {
  return { status: 403, message };
}
