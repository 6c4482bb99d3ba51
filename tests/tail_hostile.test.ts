/** What a client of the tail may try, and what it must not get. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { push, withSite } from "./support/tail_site.ts";

test("no part of a URL brings a regular expression to the server", () =>
  withSite({}, async ({ tail, url }) => {
    push(tail, 1, 3);
    const patterns = ["since=15m /record/", "since=15m -x", "q=/record/", "q=word /record/i"];
    for (const query of patterns) {
      const response = await fetch(`http://${url}?follow=0&${encodeURI(query)}`);
      const text = await response.text();
      assert.equal(response.status, 400, `${query}: ${text}`);
      assert.match(text, /page only|^Invalid since: /);
    }
  }));
