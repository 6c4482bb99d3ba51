/** The page's feed over a connection that the test plays the server of. */
import { RowStore } from "../../src/tail/page/app/worker/row_store.ts";
import { TailFeed } from "../../src/tail/page/app/worker/tail_feed.ts";
import { View } from "../../src/tail/page/app/worker/view.ts";

const LIMITS = { windowBytes: 1_000_000, windowRecords: 40, lineBytes: 16_384 };

/** When a record of {@linkcode Peer.records} was written, in milliseconds since 1970. */
export function at(seq: number): number {
  return Date.UTC(2026, 0) + seq * 1_000;
}

/** The other end of a connection: what the page sent, and a way to answer. */
export class Peer {
  readonly sent: Record<string, unknown>[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  lose(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  close(): void {
    this.readyState = 3;
  }

  hello(run: string, first: number, last: number, limits: object | null = LIMITS): void {
    this.say({ t: "hello", v: 1, run, first, last, hb: 15_000, ...(limits && { limits }) });
  }

  /** Says records, each of a second of its own: the moment `at(seq)`. */
  records(from: number, to: number, ph: "r" | "l" = "l", every = 1): void {
    const r = [];
    for (let seq = from; seq <= to; seq++) {
      if (seq % every === 0) {
        const time = new Date(at(seq)).toISOString();
        r.push([seq, { time, level: "info", msg: `record ${seq}` }]);
      }
    }
    this.say({ t: "b", ph, from, to, r });
  }
}

/** A feed that is connected, and what it fills. */
export interface Trial {
  readonly feed: TailFeed;
  readonly view: View;
  readonly peers: readonly Peer[];
  /** The connection that is open. */
  readonly peer: () => Peer;
}

/** Connects a feed and runs `body`; `seq` is the record that its address names. */
export function withFeed(
  body: (trial: Trial) => void,
  { maxRows = 1_000, seq }: { maxRows?: number; seq?: number } = {},
): void {
  const peers: Peer[] = [];
  const view = new View(new RowStore({ maxRows, maxChars: Infinity }));
  const openSocket = () => {
    const peer = new Peer();
    peers.push(peer);
    return peer as unknown as WebSocket;
  };
  const feed = new TailFeed({ url: "http://host/logs", view, seq, changed: () => {}, openSocket });
  feed.link.connect();
  peers[0]!.open();
  try {
    body({ feed, view, peers, peer: () => peers.at(-1)! });
  } finally {
    feed.close();
  }
}

/** The sequence numbers of the rows that are shown. */
export function seqs(view: View): number[] {
  return Array.from({ length: view.count }, (_, i) => view.at(view.base + i)!.seq);
}
