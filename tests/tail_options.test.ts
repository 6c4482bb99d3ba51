/** Options of the tail that are wrong: each is refused with one sentence, before it opens anything. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTail } from "../src/tail/hub.ts";
import { tailRoutes } from "../src/tail/http/routes.ts";

const auth = () => true;

const CASES: readonly (readonly [options: unknown, problem: RegExp])[] = [
  // As a text it would let in every origin that is a part of it, such as https://o
  [{ origins: "https://ops.example.com" }, /^TypeError: Invalid origins: pass an array/],
  [{ origins: ["null"] }, /^TypeError: Invalid origins: "null" is none/],
  [{ origins: ["*"] }, /"\*" is none/],
  [{ origins: ["https://ops.example.com/"] }, /use the form of "https:\/\/ops\.example\.com"$/],
  [{ origins: ["ops.example.com"] }, /is none/],
  [{ hosts: "logs.example.com", auth }, /^TypeError: Invalid hosts: pass an array/],
  [{ hosts: ["https://logs.example.com"], auth }, /^TypeError: Invalid hosts: /],
  // It would let in every host, and ask for nothing.
  [{ allowRemote: "false" }, /^TypeError: Invalid allowRemote "false": use true or false$/],
  [{ auth: null }, /^TypeError: Invalid auth: pass a token, an array of tokens, or a function$/],
  [{ auth: true }, /^TypeError: Invalid auth: /],
  [{ auth: "two words of a token" }, /^RangeError: Invalid auth: a header can bring no blank/],
  [{ auth: ["tökentökentökentöken"] }, /^RangeError: Invalid auth: a header can bring/],
  [{ path: 5 }, /^TypeError: Invalid path "5": begin it with a slash/],
  [{ path: "/logs/:id" }, /use no pattern in it$/],
  [{ stats: {} }, /^TypeError: Invalid stats of tailRoutes\(\): pass a function/],
  [{ upgradeWebSocket: true }, /^TypeError: Invalid upgradeWebSocket of /],
  [{ connInfo: "127.0.0.1" }, /^TypeError: Invalid connInfo of /],
  [{ ingest: {} }, /^TypeError: Invalid target of ingest: pass a pipeline/],
];

test("tailRoutes() refuses options that are none, and says what to pass", () => {
  for (const [options, problem] of CASES) {
    assert.throws(() => tailRoutes(createTail(), options as never), problem);
  }
});

test("tailRoutes() takes the origins and hosts that there are", () => {
  const origins = ["https://ops.example.com", "http://[::1]:8080", "chrome-extension://abc"];
  const hosts = ["logs.example.com", "Logs.Example.com:8484", "10.0.0.7", "[fd00::2]:80"];
  tailRoutes(createTail(), { origins, hosts, auth: "!a-token_of~ASCII.1" });
});

test("createTail() refuses a run that would not do as a name in URLs and events", () => {
  for (const run of ["", "a\nid: forged.9", "a b", "x".repeat(65), 5]) {
    assert.throws(
      () => createTail({ run: run as string }),
      /^RangeError: Invalid run .*: use 1 to 64/,
    );
  }
  assert.equal(createTail({ run: "shop-1.blue_2" }).run, "shop-1.blue_2");
});

test("stats may be a promise", async () => {
  const app = tailRoutes(createTail(), { stats: () => Promise.resolve({ depth: 7 }) });
  const response = await app.request("/logs/stats", { headers: { host: "localhost" } });
  assert.deepEqual(await response.json(), { depth: 7 });
});
