import { parseRetryAfter } from "../delivery/retry_after.ts";
import { RejectedError, RetryLaterError, SinkParkedError } from "../errors.ts";
import { shownText, shownUrl } from "./http_text.ts";

/** Which statuses mean what. */
export interface HttpStatusRules {
  /** Nothing can be delivered until somebody steps in. */
  readonly parkOn: readonly number[];
  /** To be sent again, beside those that always are. */
  readonly retryOn: readonly number[];
}

/** What a server answered other than that it took the records. */
export interface HttpRefusal {
  /** Who answered, for people. */
  readonly shown: string;
  /** Its status. */
  readonly status: number;
  /** Its headers. */
  readonly headers: Headers;
  /** The beginning of its body, fit for a message; empty if there is none. */
  readonly text: string;
}

/** Too Early, Request Timeout, Too Many Requests. */
const PASSING: readonly number[] = [408, 425, 429];
/** Not Implemented, HTTP Version Not Supported: no time changes that. */
const LASTING: readonly number[] = [501, 505];
const TOO_LARGE = 413;

/** What an answer other than a success means for the records, as the error to throw. */
export function errorOf(refusal: HttpRefusal, rules: HttpStatusRules, nowMs: number): Error {
  const { shown, status, headers, text } = refusal;
  const said = `${shown} answered ${status}${text === "" ? "" : `: ${text}`}`;
  if (rules.parkOn.includes(status)) {
    return new SinkParkedError(`${said}; nothing is delivered until it lets this program in`);
  }
  if (rules.retryOn.includes(status) || isPassing(status)) {
    const retryAfterMs = parseRetryAfter(headers.get("retry-after"), nowMs);
    return new RetryLaterError(said, { retryAfterMs, status });
  }
  if (status === TOO_LARGE) {
    const hint = 'set the option "maxBodyBytes" to what it takes';
    return new RejectedError(`${said}; ${hint}`, { isTooLarge: true, status });
  }
  return status >= 400 ? new RejectedError(said, { status }) : redirected(refusal);
}

function isPassing(status: number): boolean {
  return PASSING.includes(status) || (status >= 500 && !LASTING.includes(status));
}

/** Only 307 and 308 keep method and body; every other way leads to a GET, which delivers nothing. */
function redirected({ shown, status, headers }: HttpRefusal): SinkParkedError {
  const location = headers.get("location");
  const where = location === null ? "elsewhere" : `to ${shownTarget(location)}`;
  return new SinkParkedError(
    `${shown} answered ${status} and points ${where}, which is not followed: set the option "url" ` +
      `to the address that takes the records`,
  );
}

function shownTarget(location: string): string {
  return shownText(URL.canParse(location) ? shownUrl(location) : location.split(/[?#]/, 1)[0]!, []);
}
