/** What a status of HTTP means: one table, for whoever asks `classifyStatus` and for the HTTP sink. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RejectedError, RetryLaterError, SinkParkedError } from "../mod.ts";
import { classifyError, classifyStatus } from "../src/delivery/retry.ts";
import { errorOf } from "../src/sink/http_status.ts";

const TABLE: Readonly<Record<string, readonly number[]>> = {
  park: [401, 403, 407],
  retry: [408, 425, 429, 500, 502, 503, 504, 507, 511, 599],
  "dead-letter": [400, 402, 404, 405, 406, 409, 410, 411, 413, 414, 415, 418, 422, 451, 501, 505],
};

const SAID = { park: SinkParkedError, retry: RetryLaterError, "dead-letter": RejectedError };

for (const [decision, statuses] of Object.entries(TABLE)) {
  test(`classifyStatus() and classifyError() say ${decision} to ${statuses.join(", ")}`, () => {
    for (const status of statuses) {
      assert.equal(classifyStatus({ status }), decision, String(status));
      assert.equal(classifyError({ status }), decision, String(status));
    }
  });

  test(`the HTTP sink says the same to ${statuses.join(", ")}`, () => {
    const rules = { parkOn: TABLE.park!, retryOn: [] };
    for (const status of statuses) {
      const error = errorOf(
        { shown: "server", status, headers: new Headers(), text: "" },
        rules,
        0,
      );
      assert.ok(error instanceof SAID[decision as keyof typeof SAID], String(status));
    }
  });
}

test("a time to wait changes no decision but that to try again", () => {
  const retryAfterMs = 2000;
  for (const status of TABLE.retry!) {
    assert.deepEqual(classifyStatus({ status, retryAfterMs }), { retryAfterMs }, String(status));
  }
  for (const status of [...TABLE.park!, ...TABLE["dead-letter"]!]) {
    assert.equal(classifyStatus({ status, retryAfterMs }), classifyStatus({ status }));
  }
});
