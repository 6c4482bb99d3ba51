/** What must not be read in a message: dead letters and operators' logs keep them. */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";
import { type HttpFetch, httpSink, type HttpSinkOptions } from "../src/sink/http.ts";
import { batchOfLines } from "../src/testing/recording_sink.ts";
import { listen } from "./support/http_server.ts";

const SECRETS = /hunter2|topsecret|t0ken|%68unter/;
const URL_WITH_SECRETS = "http://user:hunter2@127.0.0.1:9/in?key=topsecret";
const headers = { authorization: "Bearer t0ken-t0ken" };

async function thrownBy(options: HttpSinkOptions): Promise<unknown> {
  const context = { signal: new AbortController().signal, attempt: 1 };
  try {
    await httpSink(options).write(batchOfLines(["{}"]), context);
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

function assertNoSecrets(error: unknown): void {
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), SECRETS);
  for (const hidden of [(error as Error).cause, (error as Error).stack]) {
    assert.doesNotMatch(inspect(hidden), SECRETS);
  }
}

const answers = (status: number, text: string): HttpFetch => () =>
  Promise.resolve(new Response(text, { status, headers: { location: "/new?key=topsecret" } }));
const throws = (error: unknown): HttpFetch => () => Promise.reject(error);

test("no error of httpSink() holds credentials, the query or a header", async () => {
  const url = URL_WITH_SECRETS;
  const echo = "The key topsecret and Bearer t0ken-t0ken of user:hunter2 are wrong at " + url;
  const cause = new Error(`error sending request for url (${url})`, { cause: new Error(echo) });
  const errors = [
    await thrownBy({ url, headers, fetch: answers(400, echo) }),
    await thrownBy({ url, headers, fetch: answers(401, echo) }),
    await thrownBy({ url, headers, fetch: answers(413, echo) }),
    await thrownBy({ url, headers, fetch: answers(503, echo) }),
    await thrownBy({ url, headers, fetch: answers(302, "") }),
    await thrownBy({ url, headers, fetch: throws(new TypeError("fetch failed", { cause })) }),
    await thrownBy({ url, headers, fetch: throws(new TypeError(`Bad certificate of ${url}`)) }),
    await thrownBy({ url, headers: () => Promise.reject(new Error(`No token from ${url}`)) }),
    await thrownBy({ url, headers: () => ({ authorization: "t0ken\n" }) }),
  ];
  for (const error of errors) assertNoSecrets(error);
  assert.match(String(errors[0]), /The key \*\*\* and \*\*\* of \*\*\*:\*\*\* are wrong at http:/);
});

test("httpSink() cuts the addresses in what a server says", async () => {
  const text = "See https://me:hunter2@help.example/signup?invite=topsecret#a, please";
  const error = await thrownBy({ url: "http://a.example", fetch: answers(400, text) });
  assertNoSecrets(error);
  assert.match(String(error), /See https:\/\/help\.example\/signup\?\.\.\./);
});

test("no error of a server that is not there holds credentials, the query or a header", async () => {
  const server = await listen(() => {});
  await server[Symbol.asyncDispose]();
  const url = server.url.replace("//", "//user:hunter2@") + "?key=topsecret";
  assertNoSecrets(await thrownBy({ url, headers }));
});

test("httpSink() refuses a header without showing it", () => {
  const make = (value: string) => httpSink({ url: "http://a.example", headers: { a: value } });
  assert.throws(() => make("t0ken\r\nx: y"), (error) => {
    assertNoSecrets(error);
    assert.match(String(error), /TypeError: Cannot send the header "a": its name or its value/);
    return true;
  });
});

test("httpSink() shows the beginning of what a server says, with its controls made visible", async () => {
  const text = "\x1b[31mred\u202e\n" + "ü😀".repeat(500);
  const error = await thrownBy({ url: "http://a.example", fetch: answers(400, text) });
  const [, said] = /answered 400: (.*)\.\.\.$/s.exec((error as Error).message)!;
  assert.equal(Array.from(said!).length, 200);
  assert.match(said!, /^\\x1b\[31mred\\u202e\\nü😀/);
});

const REFUSED: readonly [options: unknown, message: RegExp][] = [
  [{ url: "logs" }, /TypeError: An HTTP sink needs an absolute URL/],
  [{ url: "ftp://a.example" }, /TypeError: An HTTP sink needs an absolute URL/],
  [{ url: undefined }, /TypeError: An HTTP sink needs an absolute URL/],
  [{ method: "GET" }, /RangeError: Unknown method "GET" of an HTTP sink: use POST, PUT, PATCH/],
  [{ format: "xml" }, /RangeError: Unknown format "xml" of an HTTP sink: use ndjson, json/],
  [{ timeoutMs: 0 }, /RangeError: Cannot use timeoutMs 0: allowed are whole numbers from 1 to/],
  [{ timeoutMs: Infinity }, /RangeError: Cannot use timeoutMs Infinity/],
  [{ maxBodyBytes: 1.5 }, /RangeError: Cannot use maxBodyBytes 1.5: .* from 1$/],
  [{ maxRedirects: -1 }, /RangeError: Cannot use maxRedirects -1: .* from 0 to 20/],
  [{ sequenceHeader: "a b" }, /TypeError: Cannot use sequenceHeader "a b"/],
];

for (const [options, message] of REFUSED) {
  test(`httpSink() refuses ${JSON.stringify(options)}`, () => {
    const all = { url: "http://a.example", ...options as object } as HttpSinkOptions;
    assert.throws(() => httpSink(all), (error) => message.test(String(error)));
  });
}
