import assert from "node:assert/strict";
import { test } from "node:test";
import { heldRecord } from "../src/tail/page/app/worker/held_row.ts";
import { indexAt, indexWithin, Jump, newestTime } from "../src/tail/page/app/worker/jump.ts";
import type { Place } from "../src/tail/page/app/worker/tail_feed.ts";
import { View } from "../src/tail/page/app/worker/view.ts";
import { at, seqs, type Trial, withFeed } from "./support/page_peer.ts";

/** A jump on a feed: where it led, and what was not there. */
function jumpOf({ view, feed }: Trial) {
  const found: (number | undefined)[] = [];
  const missing: Place[] = [];
  const jump = new Jump(view, feed, {
    found: (index) => found.push(view.at(index)?.seq),
    missing: (place) => missing.push(place),
  });
  return { jump, found, missing };
}

test("a moment among the rows held leads to the first row at or after it", () =>
  withFeed((trial) => {
    const { jump, found } = jumpOf(trial);
    trial.peer().hello("run-1", 1, 20);
    trial.peer().records(1, 20, "r");
    assert.equal(jump.start({ time: at(7) }), "here");
    assert.equal(jump.start({ time: at(7) + 1 }), "here");
    assert.equal(jump.start({ time: 0 }), "here");
    assert.equal(jump.start({ time: at(20) + 1 }), "nowhere");
    assert.deepEqual(found, [7, 8, 1]);
    assert.equal(trial.peer().sent.length, 1);
  }));

test("a moment before the rows held is asked for, and led to when it has come", () =>
  withFeed((trial) => {
    const { jump, found } = jumpOf(trial);
    const { feed, view, peer } = trial;
    peer().hello("run-1", 1, 200);
    peer().records(101, 200, "r");
    peer().say({ t: "live", seq: 201 });
    assert.equal(jump.start({ time: at(50) }), "asked");
    assert.deepEqual(peer().sent[1]?.from, { since: at(50) });
    peer().records(201, 203);
    jump.look();
    peer().hello("run-1", 1, 203);
    jump.look();
    assert.deepEqual(found, [], "what is still on its way is not what was asked for");
    assert.equal(view.count, 103);
    peer().records(50, 60, "r");
    jump.look();
    jump.look();
    assert.deepEqual(found, [50]);
    peer().records(61, 203, "r");
    assert.deepEqual([seqs(view)[0], view.count], [50, 154]);
    assert.deepEqual([feed.following, feed.unseen], [false, 0]);
  }));

test("a record before the rows held is asked for with its surroundings", () =>
  withFeed((trial) => {
    const { jump, found } = jumpOf(trial);
    const { peer } = trial;
    peer().hello("run-1", 1, 9_000);
    peer().records(8_901, 9_000, "r");
    assert.equal(jump.start({ seq: 500 }), "asked");
    assert.deepEqual(peer().sent[1]?.from, { run: "run-1", seq: 299 });
    peer().hello("run-1", 1, 9_000);
    peer().records(300, 499, "r");
    jump.look();
    assert.deepEqual(found, []);
    peer().records(500, 510, "r");
    jump.look();
    assert.deepEqual(found, [500]);
  }));

test("nothing is asked for that the server does not have, or cannot be asked for", () => {
  const asked = (first: number, limits?: null) => {
    let answer = "";
    withFeed((trial) => {
      trial.peer().hello("run-1", first, 200, limits);
      trial.peer().records(101, 200, "r");
      const { jump } = jumpOf(trial);
      answer = `${jump.start({ time: at(50) })} ${jump.start({ seq: 50 })}`;
    });
    return answer;
  };
  assert.equal(asked(1), "asked asked");
  assert.equal(asked(101), "here nowhere");
  assert.equal(asked(1, null), "here nowhere");
});

test("what was asked for and does not come is told when all has come", () =>
  withFeed((trial) => {
    const { jump, found, missing } = jumpOf(trial);
    const { feed, peer } = trial;
    peer().hello("run-1", 1, 200);
    peer().records(101, 200, "r");
    feed.clear();
    assert.equal(jump.start({ time: at(300) }), "asked");
    peer().hello("run-1", 1, 200);
    peer().records(300, 200, "r");
    jump.look();
    assert.deepEqual(missing, []);
    peer().say({ t: "live", seq: 201 });
    jump.look();
    assert.deepEqual([missing, found], [[{ time: at(300) }], []]);
  }));

test("an address that names a record asks once, and leads there when it has come", () =>
  withFeed((trial) => {
    const { jump, found } = jumpOf(trial);
    const { peer } = trial;
    jump.await({ seq: 1_234 });
    assert.equal(peer().sent[0]?.from, "live");
    peer().hello("run-1", 1, 9_000);
    peer().say({ t: "live", seq: 9_001 });
    jump.look();
    assert.deepEqual(peer().sent[1]?.from, { run: "run-1", seq: 1_033 });
    peer().hello("run-1", 1, 9_000);
    peer().records(1_034, 1_300, "r");
    jump.look();
    assert.deepEqual(found, [1_234]);
  }, { seq: 1_234 }));

test("an address that names a recent record, or one that is gone, gets what every page gets", () => {
  for (const seq of [8_000, 50]) {
    withFeed(({ peer, feed }) => {
      peer().hello("run-1", 100, 9_000);
      assert.deepEqual(peer().sent[1]?.from, { last: 5_000 });
      assert.equal(feed.following, true);
    }, { seq });
  }
});

test("a page that stands in the past is told to wait before what it shows would leave", () =>
  withFeed((trial) => {
    const { jump } = jumpOf(trial);
    const { peer, view } = trial;
    peer().hello("run-1", 1, 500);
    peer().records(401, 500, "r");
    jump.start({ time: at(10) });
    peer().hello("run-1", 1, 500);
    for (let from = 10; peer().sent.length === 2; from += 10) peer().records(from, from + 9, "r");
    assert.deepEqual(peer().sent[2], { t: "pause" });
    // The rest of the window, which the server may have sent before it heard of that.
    const next = 10 + view.count;
    peer().records(next, next + 29, "r");
    assert.equal(seqs(view)[0], 10);
  }, { maxRows: 100 }));

test("rows in the order of the log lead to the right one, though a clock was set", () => {
  const view = new View();
  const times = [5, 6, 90, 7, 8, NaN, 9];
  for (const [i, second] of times.entries()) {
    const time = Number.isNaN(second) ? undefined : new Date(second * 1_000).toISOString();
    view.push(heldRecord(i, { time, msg: "m" }));
  }
  assert.equal(indexAt(view, 7_000), 2);
  assert.equal(indexWithin(view, 7_000, 8_000), 3);
  assert.equal(indexWithin(view, 10_000, 20_000), 2);
  assert.equal(indexWithin(view, 100_000, 200_000), undefined);
  assert.equal(newestTime(view), 9_000);
  assert.equal(newestTime(new View()), undefined);
});
