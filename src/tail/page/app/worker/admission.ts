/// <reference lib="dom" />

/** What a server says to who asks to connect. */
export type Admission =
  /** Come in, with a ticket where it gave one. */
  | { readonly kind: "open"; readonly ticket: string | undefined }
  /** It wants to know who asks. */
  | { readonly kind: "sign-in" }
  /** It says no, in a sentence of its own. */
  | { readonly kind: "refused"; readonly why: string };

/**
 * The token of this page's reader, if there is one. A browser's WebSocket can send no header, so each
 * connection is bought with a ticket that holds once: the token itself never stands in an address.
 */
export class Credential {
  readonly #url: string;
  token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.token = token;
  }

  /** The headers of a request for lines. */
  headers(): Record<string, string> {
    const { token } = this;
    const accept = "application/x-ndjson";
    return token === undefined ? { accept } : { accept, authorization: `Bearer ${token}` };
  }

  /**
   * Gets a ticket; a server that gives none asks for none.
   *
   * @throws {TypeError} If nobody answers
   */
  async admission(): Promise<Admission> {
    const url = `${this.#url.replace(/\/$/, "")}/ticket`;
    const answer = await fetch(url, { method: "POST", headers: this.headers() });
    if (answer.status === 404) return { kind: "open", ticket: undefined };
    if (!answer.ok) return await refusalOf(answer);
    const { ticket } = await answer.json() as { ticket: string };
    return { kind: "open", ticket };
  }

  /**
   * Learns why a handshake failed: a browser hides it, an ordinary request may say it.
   *
   * @throws {TypeError} If nobody answers
   */
  async reason(): Promise<Admission> {
    const answer = await fetch(`${this.#url}?follow=0&from=live`, { headers: this.headers() });
    if (!answer.ok) return await refusalOf(answer);
    await answer.body?.cancel();
    return { kind: "open", ticket: undefined };
  }
}

async function refusalOf(answer: Response): Promise<Admission> {
  if (answer.status === 401) return { kind: "sign-in" };
  const text = (await answer.text()).trim().slice(0, 300);
  return { kind: "refused", why: text || `status ${answer.status}` };
}
