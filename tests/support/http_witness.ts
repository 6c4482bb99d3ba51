/** What a client of a server was clearly told, and what it sends all the same. */
import type { HttpFetch } from "../../src/sink/http.ts";
import { seqsOf } from "./http_server.ts";

/** A fetch that is watched. */
export interface Witness {
  /** Sends as `fetch` does. */
  readonly fetch: HttpFetch;
  /** Numbers of records that were sent again after a request with them had a 2xx. */
  readonly again: readonly number[];
}

/** A fetch that knows which records were clearly taken; `to` may send a request elsewhere. */
export function witness(to: (url: string) => string = (url) => url): Witness {
  const delivered = new Set<number>();
  const again: number[] = [];
  return {
    again,
    async fetch(url, init) {
      const seqs = seqsOf(new Headers(init.headers).get("logflume-sequence"));
      again.push(...seqs.filter((seq) => delivered.has(seq)));
      const response = await fetch(to(url), init);
      if (response.ok) { for (const seq of seqs) delivered.add(seq); }
      return response;
    },
  };
}
