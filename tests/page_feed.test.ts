import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fetchGap } from "../src/tail/page/app/worker/gap_fetch.ts";
import { type HeldGap, heldGap } from "../src/tail/page/app/worker/held_row.ts";
import { seqs, withFeed } from "./support/page_peer.ts";

test("a lost connection resumes behind the last record, and what comes twice is shown once", () =>
  withFeed(({ feed, view, peers, peer }) => {
    peer().hello("run-1", 1, 3);
    peer().records(1, 3, "r");
    peer().say({ t: "live", seq: 4 });
    assert.equal(feed.link.state.kind, "live");
    peer().lose(1006);
    assert.equal(feed.link.state.kind, "lost");
    feed.link.wake();
    peer().open();
    assert.equal(peers.length, 2);
    assert.deepEqual(peer().sent[0], { t: "sub", v: 1, from: { run: "run-1", seq: 3 } });
    peer().hello("run-1", 1, 5);
    peer().records(2, 5);
    assert.deepEqual(seqs(view), [1, 2, 3, 4, 5]);
    assert.equal(feed.received, 5);
  }));

test("a page that was live goes on where it was, though it had no record yet", () =>
  withFeed(({ feed, peer }) => {
    peer().hello("run-1", 1, 0);
    peer().say({ t: "live", seq: 1 });
    peer().lose(4408);
    feed.link.wake();
    peer().open();
    assert.deepEqual(peer().sent[0]?.from, { run: "run-1", seq: 0 });
  }));

test("another run begins anew behind its gap, though its numbers are lower", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 90);
    peer().records(88, 90);
    peer().lose(1001);
    feed.link.wake();
    peer().open();
    peer().hello("run-2", 1, 2);
    peer().say({ t: "gap", from: 1, to: 0, n: 0, why: "restart", back: false });
    peer().records(1, 2);
    assert.deepEqual(seqs(view), [88, 89, 90, 1, 1, 2]);
    assert.equal(feed.run, "run-2");
  }));

test("records of another run are new, whatever their numbers", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 90);
    peer().records(90, 90);
    peer().lose(1006);
    feed.link.wake();
    peer().open();
    peer().hello("run-2", 1, 2);
    peer().records(1, 2);
    assert.deepEqual(seqs(view), [90, 1, 2]);
  }));

test("a refusal is told in the server's words", () =>
  withFeed(({ feed, peer }) => {
    peer().say({ t: "err", code: 4429, msg: "Too many clients read this tail" });
    peer().lose(4429);
    const { state } = feed.link;
    assert.equal(state.kind === "refused" && state.why, "Too many clients read this tail");
  }));

test("a page that fell behind says by how much, until it has caught up", () =>
  withFeed(({ feed, peer }) => {
    peer().hello("run-1", 1, 10);
    peer().records(1, 10, "r");
    peer().say({ t: "live", seq: 11 });
    peer().say({ t: "hb", last: 90, lag: 80, sent: 10, skipped: 0 });
    assert.deepEqual(feed.link.state, { kind: "behind", n: 80 });
    peer().records(11, 50);
    assert.deepEqual(feed.link.state, { kind: "behind", n: 40 });
    peer().records(51, 90, "l", 1_000);
    assert.deepEqual(feed.link.state, { kind: "live" });
  }));

test("records that the server held back are counted as hidden", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 100);
    peer().records(1, 100, "r", 10);
    assert.equal(view.count, 10);
    assert.equal(feed.hidden, 90);
  }));

test("what was drawn is acknowledged at once when a quarter of the window is open", () =>
  withFeed(({ feed, peer }) => {
    peer().hello("run-1", 1, 20);
    peer().records(1, 8);
    feed.shown();
    peer().records(9, 20);
    feed.drawn();
    assert.deepEqual(peer().sent.slice(1), []);
    feed.shown();
    feed.drawn();
    assert.deepEqual(peer().sent.slice(1), [{ t: "ack", seq: 20 }]);
  }));

test("a server that knows one message only is sent no other", () =>
  withFeed(({ feed, peer }) => {
    peer().hello("run-1", 1, 100, null);
    peer().records(1, 100);
    feed.shown();
    feed.drawn();
    feed.setQuery("record");
    assert.equal(peer().sent.length, 1);
  }));

test("a reader who stands still loses nothing: the server keeps the rest until he follows", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 100);
    peer().records(1, 40);
    feed.follow(false);
    peer().records(41, 50);
    assert.deepEqual(peer().sent.slice(1), [{ t: "pause" }]);
    peer().say({ t: "hb", last: 100, lag: 50, sent: 50, skipped: 0 });
    assert.deepEqual([feed.unseen, feed.waiting], [10, 50]);
    assert.equal(view.at(view.base)?.seq, 1);
    feed.follow(true);
    assert.deepEqual(peer().sent.slice(2), [{ t: "resume" }]);
  }, { maxRows: 50 }));

test("a narrower filter goes on where it is if enough matches are here", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 200);
    peer().records(101, 200, "r");
    feed.setQuery("record");
    assert.deepEqual(peer().sent[1], {
      t: "sub",
      v: 1,
      from: { run: "run-1", seq: 200 },
      filter: { text: ["record"] },
    });
    assert.equal(view.count, 100);
  }));

test("a filter with few matches asks for the past again, and shows what it has until that comes", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 200);
    peer().records(101, 200, "r");
    feed.setQuery("150");
    assert.deepEqual(peer().sent[1]?.from, { last: 5_000 });
    assert.deepEqual(seqs(view), [150]);
    peer().hello("run-1", 1, 200);
    peer().records(1, 200, "r", 150);
    assert.deepEqual(seqs(view), [150]);
    assert.equal(feed.hidden, 199);
    feed.setQuery("");
    assert.deepEqual(peer().sent[2], { t: "sub", v: 1, from: { last: 5_000 } });
  }));

test("what is still on its way when the past is asked for takes no place in it", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 200);
    peer().records(101, 200, "r");
    feed.setQuery("5");
    peer().records(201, 210);
    assert.deepEqual(seqs(view).slice(-2), [195, 205]);
    peer().hello("run-1", 1, 210);
    peer().records(1, 210, "r", 5);
    assert.deepEqual(seqs(view).slice(0, 3), [5, 15, 25]);
    assert.equal(view.count, 23);
  }));

test("a link that is cut before the past came asks for it again", () =>
  withFeed(({ feed, peer }) => {
    peer().hello("run-1", 1, 200);
    peer().records(101, 200, "r");
    feed.setQuery("150");
    peer().records(201, 210);
    peer().lose(1006);
    feed.link.wake();
    peer().open();
    assert.deepEqual(peer().sent[0]?.from, { last: 5_000 });
  }));

test("a filter that cannot be read changes nothing but says why", () =>
  withFeed(({ feed, view, peer }) => {
    peer().hello("run-1", 1, 3);
    peer().records(1, 3);
    feed.setQuery('"open');
    assert.equal(feed.filterError?.column, 1);
    assert.equal(view.count, 3);
    assert.equal(peer().sent.length, 1);
  }));

test("a page that is opened at an old record asks for its surroundings", () =>
  withFeed(({ peer }) => {
    peer().hello("run-1", 1, 100_000);
    assert.deepEqual(peer().sent[1]?.from, { run: "run-1", seq: 49_799 });
  }, { seq: 50_000 }));

/** A server that answers a gap's fetch with these lines. */
async function withAnswer(
  lines: readonly unknown[],
  body: (url: string, asked: () => string) => Promise<void>,
): Promise<void> {
  let target = "";
  const server = createServer((request, response) => {
    target = request.url ?? "";
    response.end(lines.map((line) => JSON.stringify(line) + "\n").join("\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await body(`http://127.0.0.1:${port}/logs`, () => target);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function gapOf(from: number, to: number): HeldGap {
  return heldGap({ t: "gap", from, to, n: to - from + 1, why: "slow", back: true }, "run-1");
}

test("fetchGap() brings the records of the gap and the gaps that remain, and nothing else", () =>
  withAnswer([
    { t: "hello", run: "run-1" },
    { t: "gap", from: 10, to: 11, n: 2, why: "trimmed", back: false },
    {
      t: "b",
      ph: "r",
      from: 12,
      to: 15,
      r: [[12, { msg: "a" }], [14, "b"], [99, { msg: "other" }]],
    },
  ], async (url, asked) => {
    const rows = await fetchGap(url, gapOf(10, 15), "level>=warn");
    assert.deepEqual(rows.map(({ seq, gap }) => [seq, gap?.n]), [[10, 2], [12, undefined], [
      14,
      undefined,
    ]]);
    assert.equal(asked(), "/logs?v=1&from=10&to=15&follow=0&q=level%3E%3Dwarn");
  }));

test("fetchGap() asks for the newest 50,000 of a large gap and keeps the rest as one", () =>
  withAnswer([], async (url, asked) => {
    const rows = await fetchGap(url, gapOf(1, 120_000), "");
    assert.deepEqual(rows.map(({ gap }) => [gap?.from, gap?.to, gap?.n]), [[1, 70_000, 70_000]]);
    assert.equal(asked(), "/logs?v=1&from=70001&to=120000&follow=0");
  }));
