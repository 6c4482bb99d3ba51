/** The header in which the id of a request comes and goes. */
export const REQUEST_ID = "x-request-id";

/** What is no risk to any log, header or shell that the id comes to. */
const VALID_ID = /^[\w.:=+/@-]{1,128}$/;

/** W3C Trace Context, level 1: version, trace id, parent id, flags; an id of zeros only is none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

/** The id that a request brings, if it is one, or a new one. */
export function requestIdOf(headers: Headers, make: () => string): string {
  const given = headers.get(REQUEST_ID);
  return given !== null && VALID_ID.test(given) ? given : make();
}

/** The id of the trace that a request belongs to. */
export function traceIdOf(headers: Headers): string | undefined {
  return TRACEPARENT.exec(headers.get("traceparent") ?? "")?.[1];
}
