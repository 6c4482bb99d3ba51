/** The figures over HTTP: what is answered, and to whom. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline, type Pipeline } from "../mod.ts";
import { metricsRoutes } from "../src/metrics/routes.ts";
import { parseExposition } from "./support/exposition.ts";

const TOKEN = "a-token-of-some-length";
const local = { headers: { host: "localhost:8484" } };

async function withPipeline(body: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  const pipeline = await openPipeline({ sinks: { well: () => {} } });
  try {
    await body(pipeline);
  } finally {
    await pipeline.close();
  }
}

test("/metrics answers text of version 0.0.4 that keeps the rules", () =>
  withPipeline(async (pipeline) => {
    const response = await metricsRoutes(pipeline).request("/metrics", local);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.ok(parseExposition(await response.text()).has("logflume_lane_lag_records"));
  }));

test("/health answers 200, and 503 with reasons; a stopped pipeline is still live", () =>
  withPipeline(async (pipeline) => {
    const app = metricsRoutes(pipeline, { prefix: "/internal/" });
    const ask = async (path: string) => {
      const response = await app.request(`/internal${path}`, local);
      return [response.status, await response.json()];
    };
    const well = { live: true, ready: true, reasons: [] };
    for (const path of ["/health", "/health/ready", "/health/live"]) {
      assert.deepEqual(await ask(path), [200, well]);
    }
    await pipeline.stop();
    const reasons = ["The pipeline is stopped: call start() to take records again"];
    const stopped = { live: true, ready: false, reasons };
    assert.deepEqual(await ask("/health"), [503, stopped]);
    assert.deepEqual(await ask("/health/ready"), [503, stopped]);
    assert.deepEqual(await ask("/health/live"), [200, stopped]);
  }));

test("/stats answers the figures as JSON", () =>
  withPipeline(async (pipeline) => {
    const response = await metricsRoutes(pipeline).request("/stats", local);
    assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(pipeline.stats())));
  }));

const PATHS = ["/metrics", "/health", "/health/ready", "/health/live", "/stats"];

test("other hosts, other sites and who has no token get no figures", () =>
  withPipeline(async (pipeline) => {
    const app = metricsRoutes(pipeline);
    for (const path of PATHS) {
      for (
        const headers of [
          { host: "evil.example" },
          { host: "localhost", origin: "https://evil.example" },
          { host: "localhost", "sec-fetch-site": "cross-site" },
        ]
      ) {
        const response = await app.request(path, { headers });
        assert.equal(response.status, 403, path);
        assert.doesNotMatch(await response.text(), /logflume_|accepted|live/);
      }
    }
    const guarded = metricsRoutes(pipeline, { auth: TOKEN, allowRemote: true });
    for (const path of PATHS) {
      const headers = { host: "metrics.example" };
      const refused = await guarded.request(path, { headers });
      assert.equal(refused.status, 401, path);
      assert.match(refused.headers.get("www-authenticate") ?? "", /^Bearer/);
      const authorization = `Bearer ${TOKEN}`;
      const taken = await guarded.request(path, { headers: { ...headers, authorization } });
      assert.equal(taken.status, 200, path);
    }
  }));

test("a page of a listed origin may read the figures, and ask first whether it may", () =>
  withPipeline(async (pipeline) => {
    const origin = "https://ops.example";
    const guarded = metricsRoutes(pipeline, { origins: [origin], auth: TOKEN });
    for (const path of PATHS) {
      const ask = { method: "OPTIONS", headers: { host: "localhost", origin } };
      const asked = await guarded.request(path, ask);
      assert.equal(asked.status, 204, path);
      assert.match(asked.headers.get("access-control-allow-headers") ?? "", /Authorization/);
      const foreign = { ...ask, headers: { ...ask.headers, origin: "https://evil.example" } };
      assert.equal((await guarded.request(path, foreign)).status, 403, path);
    }
    const app = metricsRoutes(pipeline, { origins: [origin] });
    const response = await app.request("/stats", { headers: { host: "localhost", origin } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("access-control-allow-origin"), origin);
  }));

test("routes for other hosts without auth, a short token or an odd prefix are mistakes", () =>
  withPipeline((pipeline) => {
    assert.throws(() => metricsRoutes(pipeline, { allowRemote: true }), TypeError);
    assert.throws(() => metricsRoutes(pipeline, { auth: "short" }), RangeError);
    assert.throws(() => metricsRoutes(pipeline, { prefix: "x" }), /Invalid prefix "x"/);
    return Promise.resolve();
  }));
