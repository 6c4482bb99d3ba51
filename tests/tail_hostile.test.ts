/** What a client of the tail may try, and what it must not get. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { push, textOf, withSite } from "./support/tail_site.ts";

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

test("a ticket reads, and neither posts nor buys another ticket", () => {
  const auth = "a token of sixteen or more".replaceAll(" ", "-");
  const ingest = { target: { write: () => true } };
  return withSite({ auth, ingest }, async ({ tail, url }) => {
    push(tail, 1, 1);
    const headers = { authorization: `Bearer ${auth}` };
    const issued = await fetch(`http://${url}/ticket`, { method: "POST", headers });
    const { ticket } = await issued.json();
    for (const path of ["ticket", "ingest"]) {
      const response = await fetch(`http://${url}/${path}?ticket=${ticket}`, { method: "POST" });
      await response.text();
      assert.equal(response.status, 401, path);
    }
    assert.equal((await textOf(`http://${url}?follow=0&ticket=${ticket}`)).length, 1);
  });
});
