import { RetryLaterError } from "../errors.ts";
import { beginningOf, drain } from "./http_answer.ts";
import { CONTENT_TYPES, encodeBody } from "./http_body.ts";
import { Deadline } from "./http_deadline.ts";
import { fillHeaders, type HttpSettings } from "./http_settings.ts";
import { errorOf } from "./http_status.ts";
import { rootMessage, secretsIn, shownText } from "./http_text.ts";

/** The two that keep method and body, as RFC 9110 has it. */
const KEEPING_REDIRECTS: readonly number[] = [307, 308];
/** Answers whose rest is read at once: those of a server that ends none would take all descriptors. */
const MAX_DRAINING = 32;
/** How runtimes say that they do not trust a server. */
const UNTRUSTED = /certificate|self.?signed|CERT_|UNABLE_TO_VERIFY|UnknownIssuer|ALTNAME/i;

/** Sends requests one by one, and knows those whose answer is still being read. */
export class HttpRequests {
  readonly #settings: HttpSettings;
  readonly #draining = new Set<Deadline>();

  constructor(settings: HttpSettings) {
    this.#settings = settings;
  }

  /**
   * Sends lines, and resolves as soon as the server has said that it took them: a body that breaks off
   * after that changes nothing.
   */
  async send(lines: Uint8Array, sequence: string | undefined, signal: AbortSignal): Promise<void> {
    const { format, gzip, clock, timeoutMs } = this.#settings;
    const body = await encodeBody(lines, format, gzip);
    const deadline = new Deadline(clock, timeoutMs, signal);
    try {
      const response = await this.#request(body, sequence, deadline, signal);
      if (response.ok) this.#drainBehind(response, deadline);
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  /** Gives up the answers that are still being read. */
  close(): void {
    for (const deadline of this.#draining) deadline.abort();
  }

  async #request(
    body: Uint8Array<ArrayBuffer>,
    sequence: string | undefined,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Response> {
    const secrets = [...this.#settings.secrets];
    const headers = await this.#headers(sequence, deadline, signal);
    secrets.push(...secretsIn([...headers.own.values()]));
    const response = await this.#answer({ body, headers: headers.all, signal: deadline.signal })
      .catch((error) => {
        throw this.#unanswered(error, deadline, signal, secrets);
      });
    if (response.ok) return response;
    const text = shownText(await beginningOf(response), secrets);
    const { shown, clock } = this.#settings;
    const { status } = response;
    const refusal = { shown, status, headers: response.headers, text };
    throw errorOf(refusal, this.#settings, clock.now());
  }

  /** What goes with the body; what the caller's own function makes is asked for at each request. */
  async #headers(
    sequence: string | undefined,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<{ all: Headers; own: Headers }> {
    const { headers, format, gzip, authorization, sequenceHeader, shown, secrets } = this.#settings;
    try {
      const own = fillHeaders(new Headers(), await deadline.within(headers()));
      const all = new Headers({ "content-type": CONTENT_TYPES[format] });
      if (authorization !== undefined) all.set("authorization", authorization);
      own.forEach((value, name) => all.set(name, value));
      if (gzip) all.set("content-encoding", "gzip");
      if (sequence !== undefined && sequenceHeader !== false) all.set(sequenceHeader, sequence);
      return { all, own };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const why = shownText(rootMessage(error), secrets);
      throw new RetryLaterError(`Cannot make the headers for ${shown}: ${why}`);
    }
  }

  /** The answer, behind the redirects that may be followed. */
  async #answer(init: RequestInit): Promise<Response> {
    const { fetch, method, maxRedirects } = this.#settings;
    let { url } = this.#settings;
    for (let hops = 0;; hops++) {
      const response = await fetch(url, { ...init, method, redirect: "manual" });
      const next = hops < maxRedirects ? redirectedTo(response, url) : undefined;
      if (next === undefined) return response;
      // Its body may not end, and its connection is not worth the wait.
      void response.body?.cancel().catch(() => {});
      url = next;
    }
  }

  /** Nothing is known of what became of the records: they are sent again. */
  #unanswered(
    error: unknown,
    deadline: Deadline,
    signal: AbortSignal,
    secrets: readonly string[],
  ): unknown {
    if (signal.aborted) return signal.reason;
    const { shown, timeoutMs } = this.#settings;
    if (deadline.isOver) {
      const message = `${shown} did not answer in ${timeoutMs} ms`;
      return new RetryLaterError(message, { cause: deadline.signal.reason });
    }
    const reason = rootMessage(error);
    const why = shownText(reason, secrets);
    // No cause: what runtimes throw holds the whole address, query included.
    return new RetryLaterError(
      UNTRUSTED.test(reason)
        ? `Cannot trust ${shown}, so nothing is sent: ${why}; give it a valid certificate, or make ` +
          `this runtime trust the one who issued it`
        : `Cannot reach ${shown}: ${why}`,
    );
  }

  #drainBehind(response: Response, deadline: Deadline): void {
    this.#draining.add(deadline);
    for (const oldest of this.#draining) {
      if (this.#draining.size <= MAX_DRAINING) break;
      oldest.abort();
      this.#draining.delete(oldest);
    }
    void drain(response).finally(() => {
      this.#draining.delete(deadline);
      deadline.end();
    });
  }
}

/** Where the same request goes instead: within one origin, so that no credentials reach another. */
function redirectedTo(response: Response, from: string): string | undefined {
  const location = response.headers.get("location");
  if (!KEEPING_REDIRECTS.includes(response.status) || location === null) return undefined;
  if (!URL.canParse(location, from)) return undefined;
  const to = new URL(location, from);
  const isSafe = to.origin === new URL(from).origin && to.username === "" && to.password === "";
  return isSafe ? to.href : undefined;
}
