/**
 * A strict parser of Prometheus' text format 0.0.4, written from its specification
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). It throws at everything that the format
 * forbids, and at what `promtool check metrics` finds fault with.
 */
import assert from "node:assert/strict";

/** One line of numbers. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric and all its lines. */
export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

interface Family extends ParsedFamily {
  type: string;
  help: string;
  readonly samples: ParsedSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];
/** What Go's strconv.ParseFloat takes, as far as anybody writes it. */
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)$/;

/** Parses the text, and answers the metrics by their names. */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  assert.ok(text.endsWith("\n"), "the last line ends with LF");
  assert.equal(text.isWellFormed(), true, "the text can be put in UTF-8");
  const families = new Map<string, Family>();
  let current: Family | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) ?(.*)$/s.exec(line) ?? [];
    if (kind !== undefined) {
      assert.match(name, NAME);
      if (current?.name !== name) {
        assert.ok(!families.has(name), `the lines of ${name} stand together`);
        families.set(name, current = { name, type: "", help: "", samples: [] });
      }
      takeComment(current, kind, rest);
    } else if (!line.startsWith("#")) {
      const sample = parseSample(line);
      assert.ok(current !== undefined, `${sample.name} has HELP and TYPE before it`);
      assert.ok(belongs(sample.name, current), `${sample.name} is none of ${current.name}`);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

function takeComment(family: Family, kind: string, rest: string): void {
  assert.equal(family.samples.length, 0, `${kind} of ${family.name} stands before its samples`);
  if (kind === "HELP") {
    assert.equal(family.help, "", `one HELP for ${family.name}`);
    assert.match(rest, /^(?:[^\\]|\\\\|\\n)+$/, `HELP of ${family.name} says something`);
    family.help = rest;
  } else {
    assert.equal(family.type, "", `one TYPE for ${family.name}`);
    assert.ok(TYPES.includes(rest), `"${rest}" is a type`);
    family.type = rest;
  }
}

function belongs(name: string, { name: family, type }: Family): boolean {
  if (type === "histogram") {
    return ["_bucket", "_sum", "_count"].some((end) => name === family + end);
  }
  if (type === "summary") return [family, `${family}_sum`, `${family}_count`].includes(name);
  return name === family;
}

function parseSample(line: string): ParsedSample {
  const [, name = "", labelText, value = ""] =
    /^([^\s{]+)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?$/s.exec(line) ??
      assert.fail(`no sample: ${JSON.stringify(line)}`);
  assert.match(name, NAME);
  assert.match(value, NUMBER);
  return { name, labels: parseLabels(labelText ?? ""), value: numberOf(value) };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = Object.create(null);
  const pair = /([^=,\s]+)="((?:[^"\\]|\\[\\"n])*)"(,|$)/sy;
  while (pair.lastIndex < text.length) {
    const at = pair.lastIndex;
    const [, name = "", value = ""] = pair.exec(text) ??
      assert.fail(`no label at ${at} of ${JSON.stringify(text)}`);
    assert.match(name, LABEL);
    assert.ok(!name.startsWith("__"), `${name} is reserved`);
    assert.ok(!(name in labels), `${name} stands twice`);
    labels[name] = value.replace(/\\(.)/g, (_, char) => char === "n" ? "\n" : char);
  }
  return { ...labels };
}

function numberOf(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}

function checkFamily(family: Family): void {
  const { name, type, help, samples } = family;
  assert.notEqual(help, "", `${name} has HELP`);
  assert.notEqual(type, "", `${name} has TYPE`);
  assert.equal(type === "counter", name.endsWith("_total"), `${name}: counters end in _total`);
  assert.doesNotMatch(name, /_(bucket|sum|count|counter|gauge|histogram)$/, `${name}: no such end`);
  const seen = new Set<string>();
  for (const sample of samples) {
    const labels = Object.entries(sample.labels).sort(([a], [b]) => a < b ? -1 : 1);
    const key = JSON.stringify([sample.name, labels]);
    assert.ok(!seen.has(key), `${key} stands once`);
    seen.add(key);
    if (type === "counter") assert.ok(sample.value >= 0, `${key} is ${sample.value}`);
    if (type !== "histogram" && type !== "summary") assert.ok(!("le" in sample.labels));
  }
  if (type === "histogram") checkHistogram(family);
}

function checkHistogram({ name, samples }: Family): void {
  const groups = new Map<string, ParsedSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...groups.get(key) ?? [], sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => {
      assert.match(labels.le ?? "", NUMBER, `${name}${key}: le`);
      return numberOf(labels.le!);
    });
    assert.deepEqual(bounds, [...new Set(bounds)].sort((a, b) => a - b), `${name}: ascending`);
    assert.equal(bounds.at(-1), Infinity, `${name}${key}: a bucket for all`);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(counts, [...counts].sort((a, b) => a - b), `${name}${key}: cumulative`);
    const valueOf = (end: string) => group.filter((one) => one.name === name + end);
    assert.equal(valueOf("_sum").length, 1, `${name}${key}: one sum`);
    assert.deepEqual(
      valueOf("_count").map(({ value }) => value),
      [counts.at(-1)],
      `${name}: count`,
    );
  }
}
