import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Finder } from "../src/tail/page/app/worker/finder.ts";
import { heldGap, heldRecord, type HeldRow } from "../src/tail/page/app/worker/held_row.ts";
import { RowStore } from "../src/tail/page/app/worker/row_store.ts";
import { View } from "../src/tail/page/app/worker/view.ts";
import { RowHeights } from "../src/tail/page/app/ui/row_heights.ts";

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
const time = "2026-01-01T00:00:00.000Z";

function record(seq: number, level: string = "info", msg: string = `record ${seq}`): HeldRow {
  return heldRecord(seq, { time, level, msg });
}

function gap(from: number, n: number, back = true): HeldRow {
  return heldGap({ t: "gap", from, to: from + n - 1, n, why: "slow", back }, "run-1");
}

function viewOf(maxRows: number): View {
  return new View(new RowStore({ maxRows, maxChars: Infinity }));
}

function seqs(view: View): number[] {
  return Array.from({ length: view.count }, (_, i) => view.at(view.base + i)?.seq ?? NaN);
}

const command = fc.oneof(
  fc.record({ do: fc.constant("push" as const), level: fc.constantFrom(...LEVELS) }),
  fc.record({ do: fc.constant("gap" as const) }),
  fc.record({
    do: fc.constant("levels" as const),
    on: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  }),
  fc.record({
    do: fc.constant("query" as const),
    digit: fc.option(fc.constantFrom("1", "3", "7")),
  }),
  fc.record({ do: fc.constant("clear" as const) }),
);

test("a view shows what a list of everything would, whatever is pushed and filtered", () => {
  fc.assert(fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
    const limit = 4;
    const view = viewOf(limit);
    let model: HeldRow[] = [];
    let levels: readonly boolean[] = LEVELS.map(() => true);
    let digit: string | null = null;
    let seq = 0;
    for (const step of commands) {
      if (step.do === "push" || step.do === "gap") {
        const row = step.do === "gap" ? gap(++seq, 1) : record(++seq, step.level);
        view.push(row);
        model = [...model, row].slice(-limit);
      } else if (step.do === "levels") view.setLevels(levels = step.on);
      else if (step.do === "query") {
        digit = step.digit;
        const term = step.digit;
        view.setQuery(term === null ? undefined : (line) => line.includes(`${term}"`));
      } else {
        view.clear();
        model = [];
      }
      const passes = (row: HeldRow) =>
        row.gap !== undefined || digit === null || row.line.includes(`${digit}"`);
      const isShown = (row: HeldRow) =>
        passes(row) && (row.gap !== undefined || levels[row.level] === true);
      assert.deepEqual(seqs(view), model.filter(isShown).map((row) => row.seq));
      assert.equal(view.hidden, model.filter((row) => !isShown(row)).length);
      const counts = LEVELS.map((_, rank) =>
        model.filter((row) => row.gap === undefined && row.level === rank && passes(row)).length
      );
      assert.deepEqual(view.levelCounts, counts);
    }
  }));
});

test("rows keep their numbers while old ones leave", () => {
  const view = viewOf(3);
  for (let seq = 1; seq <= 5; seq++) view.push(record(seq));
  assert.equal(view.base, 2);
  assert.equal(view.at(1), undefined);
  assert.equal(view.at(4)?.seq, 5);
});

test("a store bounds characters as well as rows, and always keeps the newest", () => {
  const view = new View(new RowStore({ maxRows: 100, maxChars: 1_000 }));
  for (let seq = 1; seq <= 5; seq++) view.push(record(seq, "info", "x".repeat(400)));
  assert.deepEqual(seqs(view), [4, 5]);
  view.push(record(6, "info", "y".repeat(5_000)));
  assert.deepEqual(seqs(view), [6]);
});

test("fetched rows take the place of their gap", () => {
  const view = viewOf(100);
  view.push(record(1));
  const hole = gap(2, 3);
  view.push(hole);
  view.push(record(5));
  const before = view.version;
  view.fill(hole.id, [record(2), record(3), record(4)]);
  assert.deepEqual(seqs(view), [1, 2, 3, 4, 5]);
  assert.notEqual(view.version, before);
});

test("a row that a filter hides is found by the next one that is shown", () => {
  const view = viewOf(100);
  const rows = [record(1), record(2, "debug"), record(3), record(4, "debug")];
  for (const row of rows) view.push(row);
  view.setLevels(LEVELS.map((level) => level !== "debug"));
  assert.equal(view.indexOf(rows[1]!.id), 1);
  assert.equal(view.indexOf(rows[3]!.id), 1);
  assert.equal(view.indexOf(-1), undefined);
});

function finderOf(view: View, text: string): Finder {
  const finder = new Finder(view, text);
  while (!finder.work());
  return finder;
}

test("find counts the rows that hold the text, as grep does", () => {
  const words = fc.array(fc.constantFrom("Alpha", "beta", "a.b", 'say "x"', "Ωmega"), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(words, fc.constantFrom("a", "Alpha", "a.b", '"x"', "b", "Ω"), (messages, text) => {
      const view = viewOf(1_000);
      messages.forEach((msg, i) => view.push(record(i + 1, "info", msg)));
      const has = (msg: string) =>
        (text === text.toLowerCase() ? msg.toLowerCase() : msg).includes(text);
      assert.equal(finderOf(view, text).state().count, messages.filter(has).length);
    }),
  );
});

test("find goes from hit to hit, round at both ends, and on to rows that came later", () => {
  const view = viewOf(100);
  for (let seq = 1; seq <= 9; seq++) {
    view.push(record(seq, "info", seq % 3 === 0 ? "hit" : "other"));
  }
  const finder = finderOf(view, "hit");
  assert.equal(finder.step(0, 8), 8);
  assert.deepEqual([finder.step(-1, 0), finder.step(-1, 0), finder.step(-1, 0)], [5, 2, 8]);
  assert.equal(finder.step(1, 0), 2);
  assert.deepEqual(finder.state(), { text: "hit", count: 3, at: 1, done: true });
  view.push(record(10, "info", "hit"));
  assert.equal(finder.done, false);
  while (!finder.work());
  assert.deepEqual(finder.state(), { text: "hit", count: 4, at: 1, done: true });
});

test("find lets go of rows that have left, and begins again when rows are numbered anew", () => {
  const view = viewOf(4);
  for (let seq = 1; seq <= 4; seq++) view.push(record(seq, "info", "hit"));
  const finder = finderOf(view, "hit");
  finder.step(0, 3);
  for (let seq = 5; seq <= 6; seq++) view.push(record(seq, "info", "other"));
  while (!finder.work());
  assert.deepEqual([finder.state().count, finder.state().at], [2, 2]);
  view.setLevels(LEVELS.map((level) => level !== "info"));
  while (!finder.work());
  assert.equal(finder.state().count, 0);
});

test("heights of rows add up as a plain list of them does", () => {
  const changes = fc.array(fc.tuple(fc.nat(1_999), fc.integer({ min: 1, max: 400 })), {
    maxLength: 60,
  });
  fc.assert(fc.property(changes, fc.nat(1_999), fc.nat(1_999), (list, a, b) => {
    const heights = new RowHeights(21);
    const model = new Array<number>(2_000).fill(21);
    for (const [index, height] of list) {
      assert.equal(heights.set(index, height), model[index] !== height);
      model[index] = height;
    }
    const [start, end] = [Math.min(a, b), Math.max(a, b)];
    const sum = model.slice(start, end).reduce((total, height) => total + height, 0);
    assert.equal(heights.between(start, end), sum);
    const at = heights.at(0, 2_000, sum);
    assert.ok(heights.between(0, at) <= sum && (at === 2_000 || heights.between(0, at + 1) > sum));
  }));
});
