/** The dashboard of the examples asks for metrics that exist, by labels that they have. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { METRICS } from "../src/metrics/metrics.ts";

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly type: string; readonly query: string }[];
  };
}

const path = fileURLToPath(new URL("../examples/grafana.json", import.meta.url));
const dashboard = JSON.parse(readFileSync(path, "utf8")) as Dashboard;

/** The names of all series, those of the parts of histograms included, and their labels. */
const SERIES = new Map(
  METRICS.flatMap(({ name, type, labels }) =>
    type === "histogram"
      ? [[`${name}_bucket`, ["le"]], [`${name}_sum`, []], [`${name}_count`, []]] as const
      : [[name, labels]] as const
  ),
);

/** Labels that Prometheus itself gives to what it scrapes. */
const SCRAPED = ["job", "instance"];

/** What is wrong with an expression; nothing if it asks only for what there is. */
function faults(expr: string, legend = ""): string[] {
  const names = [...expr.matchAll(/logflume_\w+/g)].map(([name]) => name);
  const found = names.filter((name) => !SERIES.has(name)).map((name) => `no metric ${name}`);
  if (names.length === 0) found.push("no metric of ours");
  const known = new Set([...SCRAPED, ...names.flatMap((name) => SERIES.get(name) ?? [])]);
  for (const [, matchers = ""] of expr.matchAll(/\{([^}]*)\}/g)) {
    for (const [, label = ""] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
      if (!known.has(label)) found.push(`no label ${label}`);
    }
  }
  const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(/,\s*/)
  );
  found.push(...kept.filter((label) => !known.has(label)).map((label) => `no label ${label}`));
  for (const [, label = ""] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
    if (!kept.includes(label)) found.push(`the legend's ${label} is summed away`);
  }
  for (const [, inner = ""] of expr.matchAll(/\brate\((\w+)/g)) {
    if (!/_(total|bucket|sum|count)$/.test(inner)) found.push(`rate of the gauge ${inner}`);
  }
  const bare = expr.replace(/\brate\([^)]*\)/g, "");
  for (const [name] of bare.matchAll(/logflume_\w+_total\b/g)) found.push(`${name} without rate`);
  return found;
}

test("the dashboard uses only names that exist, counters by their rate and gauges as they are", () => {
  let queries = 0;
  for (const { title, targets = [] } of dashboard.panels) {
    for (const { expr, legendFormat } of targets) {
      queries++;
      assert.deepEqual(faults(expr, legendFormat), [], `${title}: ${expr}`);
    }
  }
  assert.ok(queries > 20);
  for (const { type, query } of dashboard.templating.list) {
    if (type === "query") assert.deepEqual(faults(query), [], query);
  }
});

test("panels of the dashboard have numbers of their own, and say what they show", () => {
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { type, title, targets } of dashboard.panels) {
    assert.ok(title !== "" && (type === "row" || targets!.length > 0));
  }
});

test("a name, a label or a rate that cannot be is found", () => {
  assert.deepEqual(faults("rate(logflume_records_lost_total[1m])"), [
    "no metric logflume_records_lost_total",
  ]);
  assert.deepEqual(faults('logflume_wal_bytes{lane="x"}'), ["no label lane"]);
  assert.deepEqual(faults("sum by (reason) (logflume_wal_bytes)"), ["no label reason"]);
  assert.deepEqual(faults("sum by (job) (logflume_wal_bytes)", "{{instance}}"), [
    "the legend's instance is summed away",
  ]);
  assert.deepEqual(faults("rate(logflume_wal_bytes[1m])"), [
    "rate of the gauge logflume_wal_bytes",
  ]);
  assert.deepEqual(faults("logflume_wal_syncs_total"), ["logflume_wal_syncs_total without rate"]);
});
