import { FilterError, filterKey, type TailFilter } from "../../../filter.ts";
import { createMatcher } from "../../../filter_match.ts";
import { parseQuery } from "../../../query.ts";
import type { WireMessage } from "../wire.ts";
import { Credential } from "./admission.ts";
import { fetchGap } from "./gap_fetch.ts";
import { heldGap, heldRecord, type HeldRow } from "./held_row.ts";
import { type From, Link } from "./link.ts";
import { Rate } from "./rate.ts";
import type { View } from "./view.ts";

/** How much of the past a new page asks for. */
const REPLAY = 5_000;
/** With fewer matches than this, the server is asked for older ones. */
const ENOUGH_MATCHES = 50;
/** What a page that was opened at a record asks for before it. */
const BEFORE_SEQ = 200;
const ACK_MS = 250;

/** What is wrong with a query line. */
export interface FilterProblem {
  readonly message: string;
  readonly column: number;
}

/** A place in the log: a record, or a moment in milliseconds since 1970. */
export type Place = { readonly seq: number } | { readonly time: number };

/** What a feed is made of. */
export interface FeedOptions {
  /** The address of the page. */
  readonly url: string;
  readonly view: View;
  /** The record that the address names; undefined for the newest. */
  readonly seq: number | undefined;
  /** What the reader signs in with, if anybody asked for it. */
  readonly token?: string | undefined;
  /** Something that is shown has changed. */
  readonly changed: () => void;
  /** Opens a socket; the browser's own unless given. */
  readonly openSocket?: ((url: string) => WebSocket) | undefined;
}

/**
 * Fills a view from the server: knows where it stands, resumes there, tells the server what to filter,
 * and how far the page has come.
 */
export class TailFeed {
  readonly link: Link;
  readonly #url: string;
  readonly #view: View;
  readonly #changed: () => void;
  readonly #credential: Credential;
  readonly #rate = new Rate();
  #filter: TailFilter = {};
  /** The key of the filter under which the held rows came; empty if they are all there were. */
  #heldUnder = "";
  #from: From;
  #run = "";
  #seq = -1;
  /** The newest record that is known of: what lies behind it is news. */
  #newest = -1;
  #shownSeq = -1;
  #drawnSeq = -1;
  #acked = -1;
  #ackTimer: ReturnType<typeof setTimeout> | undefined;
  /** What a new subscription brings takes the place of what is held. */
  #replace = false;
  #isPaused = false;
  /** The record that the address names. */
  #wanted: number | undefined;
  query = "";
  filterError: FilterProblem | undefined;
  scan: { readonly at: number; readonly found: number } | undefined;
  received = 0;
  unseen = 0;
  waiting = 0;
  #hiddenAtServer = 0;
  following = true;

  constructor({ url, view, seq, token, changed, openSocket }: FeedOptions) {
    this.#url = url;
    this.#credential = new Credential(url, token);
    this.#view = view;
    this.#changed = changed;
    this.#wanted = seq;
    // Which run the record is of, and whether it is there, the server says first.
    this.#from = seq === undefined ? { last: REPLAY } : "live";
    const events = {
      message: (message: WireMessage) => this.#take(message),
      changed,
      subscription: () => this.#subscription(),
    };
    this.link = new Link(url, events, this.#credential, openSocket);
  }

  get run(): string {
    return this.#run;
  }

  /** The last record that came, or that a filter held back. */
  get seq(): number {
    return this.#seq;
  }

  /** Whether what is held is to go as soon as what was asked for comes. */
  get isReplacing(): boolean {
    return this.#replace;
  }

  get hidden(): number {
    return this.#view.hidden + this.#hiddenAtServer;
  }

  get rate(): number {
    return this.#rate.perSecond(performance.now());
  }

  /** Applies a query line: at once to what is held, and at the server to what is to come. */
  setQuery(query: string): void {
    this.query = query;
    try {
      this.#filter = parseQuery(query);
      this.filterError = undefined;
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      this.filterError = { message: error.message, column: error.column };
      return;
    }
    const isOpen = filterKey(this.#filter) === "";
    this.#view.setQuery(isOpen ? undefined : createMatcher(this.#filter));
    this.#askAgain();
  }

  /** Connects as somebody else. */
  signIn(token: string): void {
    this.#credential.token = token;
    this.link.connect();
  }

  /** The window is about to be shown everything that came so far. */
  shown(): void {
    this.#shownSeq = this.#seq;
  }

  /** The window has drawn what it was shown, so the server may send on. */
  drawn(): void {
    this.#drawnSeq = this.#shownSeq;
    const window = this.link.hello?.limits?.windowRecords ?? Infinity;
    if (this.#drawnSeq - this.#acked >= window / 4) this.#acknowledge();
    else this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_MS);
  }

  /** Whether the view follows the newest row; if not, what comes is counted as unseen. */
  follow(on: boolean): void {
    if (on === this.following) return;
    this.following = on;
    this.unseen = 0;
    if (on && this.#isPaused) this.#pause(false);
  }

  /** Whether a place lies before all that is held, and the server has records from there. */
  canReplay(place: Place): boolean {
    const { hello, speaks } = this.link;
    if (hello === undefined || !speaks) return false;
    const isBefore = "seq" in place
      ? place.seq < (this.#view.oldest?.seq ?? Infinity) && place.seq >= hello.first
      : place.time < (this.#view.oldestTime ?? Infinity);
    return isBefore && (this.#view.oldest?.seq ?? hello.last + 1) > hello.first;
  }

  /** Asks for the log from a place on. What is held goes when that comes, and nobody follows the end. */
  replay(place: Place): void {
    const first = this.link.hello?.first ?? 0;
    this.#from = "time" in place
      ? { since: Math.max(0, Math.floor(place.time)) }
      : { run: this.#run, seq: Math.max(place.seq - BEFORE_SEQ, first, 1) - 1 };
    this.following = false;
    this.#askFor();
  }

  /** Fetches what a gap left out and puts it in its place. */
  async fill(id: number): Promise<void> {
    for (const row of this.#rowsWith(id)) {
      if (row.gap === undefined || row.fetch === "running") continue;
      row.fetch = "running";
      this.#changed();
      try {
        const headers = this.#credential.headers();
        this.#view.fill(id, await fetchGap(this.#url, row, this.#serverQuery(), headers));
      } catch {
        row.fetch = "failed";
      }
      this.#changed();
    }
  }

  /** Ends the connection for good. */
  close(): void {
    clearTimeout(this.#ackTimer);
    this.link.close();
  }

  clear(): void {
    this.#view.clear();
    this.#hiddenAtServer = this.unseen = 0;
  }

  *#rowsWith(id: number): Generator<HeldRow> {
    const index = this.#view.indexOf(id);
    const row = index === undefined ? undefined : this.#view.at(index);
    if (row?.id === id) yield row;
  }

  #serverQuery(): string {
    return this.#filter.patterns === undefined && this.link.speaks ? this.query : "";
  }

  #subscription(): { from: From; filter: unknown } {
    const filter = serverPart(this.#filter);
    return { from: this.#from, filter: filterKey(filter) === "" ? undefined : filter };
  }

  #askFor(): void {
    this.#replace = true;
    if (this.link.speaks) this.link.subscribe();
    else this.link.connect();
  }

  /**
   * A new filter for the server. What is held was all there is if no filter was in force, so then only
   * what follows changes; otherwise, or if few matches are here, the past is asked for again.
   */
  #askAgain(): void {
    if (!this.link.speaks) return;
    const key = filterKey(serverPart(this.#filter));
    if (key === this.#heldUnder) return;
    const isAll = this.#heldUnder === "";
    const hasOlder = (this.#view.oldest?.seq ?? 0) > (this.link.hello?.first ?? 0);
    if (isAll && (this.#view.records >= ENOUGH_MATCHES || !hasOlder)) {
      this.#heldUnder = key;
      this.#from = { run: this.#run, seq: this.#seq };
    } else {
      this.#replace = true;
      this.#from = { last: REPLAY };
    }
    this.link.subscribe();
  }

  #take(message: WireMessage): void {
    if (message.t === "hello") this.#hello(message.run, message.first, message.last);
    else if (message.t === "b") this.#batch(message);
    else if (message.t === "gap") this.#gap(message);
    else if (message.t === "live") this.#live(message.seq);
    else if (message.t === "hb") this.waiting = this.#isPaused ? message.lag : 0;
    else if (message.t === "scan") {
      this.scan = message.done ? undefined : { at: message.at, found: message.found };
    } else if (message.t === "err" && message.column !== undefined) {
      this.filterError = { message: message.msg, column: message.column };
    }
    this.#changed();
  }

  #hello(run: string, first: number, last: number): void {
    this.#heldUnder = this.link.speaks ? filterKey(serverPart(this.#filter)) : "";
    if (this.#run === "") this.#newest = last;
    else if (run !== this.#run) this.#newest = -1;
    if (run !== this.#run) this.#seq = this.#shownSeq = this.#drawnSeq = -1;
    // Each connection has a window of its own, which begins where this one begins.
    this.#acked = this.#seq;
    this.#run = run;
    this.#isPaused = false;
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined) return;
    // Further back than what a new page gets it has surroundings of its own.
    if (wanted <= last - REPLAY / 2 && wanted >= first) return this.replay({ seq: wanted });
    this.#from = { last: REPLAY };
    this.#askFor();
  }

  #batch({ ph, from, to, r }: Extract<WireMessage, { t: "b" }>): void {
    this.#swap();
    // What a filter held back is counted, and what came twice is not.
    const fresh = r.filter(([seq]) => seq > this.#seq);
    const covered = to - Math.max(from, this.#seq + 1) + 1;
    this.#hiddenAtServer += Math.max(0, covered - fresh.length);
    for (const [seq, record] of fresh) {
      this.#add(heldRecord(seq, record), ph === "l" || seq > this.#newest);
    }
    this.received += fresh.length;
    // History comes as fast as it can; the rate is that of the log.
    if (ph === "l") this.#rate.add(fresh.length, performance.now());
    this.#moved(to);
    // Whoever reads does not lose what he reads: the server keeps the rest until he follows again. As
    // much as may be unacknowledged can be on its way already.
    const { windowRecords = 0, windowBytes = 0 } = this.link.hello?.limits ?? {};
    const isFull = !this.following && this.#view.isFullWith(windowRecords, windowBytes);
    if (isFull && this.link.speaks) this.#pause(true);
  }

  #gap(gap: Extract<WireMessage, { t: "gap" }>): void {
    this.#swap();
    this.#add(heldGap(gap, this.#run), false);
    if (gap.why === "restart") this.#seq = gap.from - 1;
    else this.#moved(gap.to);
  }

  #live(next: number): void {
    if (!this.link.isAnswered) return;
    this.#swap();
    this.scan = undefined;
    // A page that has come to the end has its place, though there was nothing to show on the way.
    if (next > 0) this.#moved(next - 1);
  }

  #add(row: HeldRow, isNews: boolean): void {
    if (this.#view.push(row) && !this.following && isNews) this.unseen++;
  }

  #moved(seq: number): void {
    this.#seq = Math.max(seq, this.#seq);
    this.#newest = Math.max(seq, this.#newest);
    // Where a new subscription is to begin is not forgotten over what was still on its way.
    if (!this.#replace) this.#from = { run: this.#run, seq: this.#seq };
  }

  /** The first news of a new subscription: what was held under the old one goes. */
  #swap(): void {
    if (!this.#replace || !this.link.isAnswered) return;
    this.#replace = false;
    this.clear();
    this.#seq =
      this.#acked =
      this.#shownSeq =
      this.#drawnSeq =
        -1;
  }

  #acknowledge(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.#drawnSeq <= this.#acked) return;
    this.#acked = this.#drawnSeq;
    this.link.tell({ t: "ack", seq: this.#acked });
  }

  #pause(on: boolean): void {
    if (on === this.#isPaused) return;
    this.#isPaused = on;
    this.waiting = 0;
    this.link.tell({ t: on ? "pause" : "resume" });
  }
}

/** A server runs no pattern of a client, so the page applies those alone. */
function serverPart(filter: TailFilter): TailFilter {
  const { patterns: _own, ...rest } = filter;
  return rest;
}
