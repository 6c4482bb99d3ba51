import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openWal } from "../mod.ts";
import { folderTail } from "../src/cli/tail_folder.ts";
import { countWords, gapWords } from "../src/cli/tail_gap.ts";
import { linkTail } from "../src/cli/tail_link.ts";
import { TailFailure, type TailReading } from "../src/cli/tail_news.ts";
import { parseTailOptions } from "../src/cli/tail_options.ts";
import { rowsOf } from "../src/cli/tail_rows.ts";
import { UsageError } from "../src/cli/usage_error.ts";
import { fileStore } from "../src/storage/file.ts";
import { listen } from "./support/http_server.ts";
import { lineOf } from "./support/read_log.ts";
import { inFolder } from "./support/spawn.ts";
import { batch, hello, record, serveTail } from "./support/tail_server.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const optionsOf = (...args: readonly string[]) => parseTailOptions(args, NOW);

async function linesOf(reading: TailReading): Promise<string[]> {
  const lines: string[] = [];
  for await (const news of reading.read()) {
    if (news.kind === "rows") lines.push(...news.rows.map(({ line }) => line));
  }
  return lines;
}

/** A link to a server, that never waits between two tries. */
function linkTo(url: string, ...args: readonly string[]): TailReading {
  return linkTail({
    ...optionsOf(url, ...args),
    url: new URL(url),
    query: "",
    signal: new AbortController().signal,
    say: () => {},
    random: () => 0,
  });
}

test("parseTailOptions() fills in the defaults", () => {
  assert.deepEqual(optionsOf(".logflume"), {
    url: undefined,
    folder: ".logflume",
    filter: {},
    from: { kind: "last", count: 100 },
    follow: true,
    json: false,
    headers: [],
    help: false,
  });
});

test("parseTailOptions() takes words and values that begin with a dash", () => {
  const { filter, from, json } = optionsOf("d", "-healthz", "a b", "--from", "-5", "-x", "--json");
  assert.deepEqual(filter, { text: ["a", "b"], not: ["healthz", "x"] });
  assert.deepEqual([from, json], [{ kind: "last", count: 5 }, true]);
  assert.deepEqual(optionsOf("--", "d", "-h").filter, { not: ["h"] });
  assert.equal(optionsOf("-h").help, true);
});

test("parseTailOptions() takes the narrower of query and options", () => {
  assert.equal(optionsOf("d", "level>=error", "--level", "warn").filter.min, "error");
  assert.equal(optionsOf("d", "level>=info", "--level", "warn").filter.min, "warn");
  assert.equal(optionsOf("d", "since=5m", "--from", "15m").filter.since, NOW - 300_000);
  assert.deepEqual(optionsOf("d", "--from", "15m").from, { kind: "kept" });
  assert.deepEqual(optionsOf("d", "--from", "ab-1.7").from, { kind: "seq", run: "ab-1", seq: 7 });
});

test("parseTailOptions() tells a server from a folder", () => {
  for (const server of ["http://h", "HTTPS://h/x", "localhost:80", "[::1]:8484/logs", "h:1/"]) {
    assert.ok(optionsOf(server).url !== undefined, server);
  }
  for (const folder of ["logs", "./h:80", "/var/log", "C:", "a:b"]) {
    assert.equal(optionsOf(folder).folder, folder);
  }
});

test("parseTailOptions() sends a token unless a header brings one", () => {
  const headersOf = (...args: string[]) => parseTailOptions(["h:1", ...args], NOW, "t").headers;
  assert.deepEqual(headersOf(), [["authorization", "Bearer t"]]);
  assert.deepEqual(headersOf("--header", "Authorization:x "), [["Authorization", "x"]]);
});

const MISUSE: readonly [args: readonly string[], said: RegExp][] = [
  [[], /^Nothing is named: use for example logflume tail http/],
  [["--json"], /^Nothing is named/],
  [["d", "--nope"], /^Unknown option "--nope": use --from, --level/],
  [["d", "--from"], /^Option "--from" needs a value, for example --from -100$/],
  [["d", "--from", "--json"], /needs a value/],
  [["d", "--from", "soon"], /^"--from soon" is no place: use -100/],
  [["d", "--level", "wrn"], /^"--level wrn" is no level: use one of trace/],
  [["d", "a", ">5"], /^Empty path at column 3: .*\n {2}a >5\n {4}\^$/],
  [["ftp://h"], /^"ftp:\/\/h" is no address of a log/],
  [["http://u:s3cret@h"], /^The URL has a name or a password in it/],
  [["h:99999"], /is no address/],
  [["h:1", "--header", "s3cret"], /^A --header is not a name, a colon and a value/],
  [["h:1", "--header", "a: s3cret\r\nb: c"], /^A --header is not/],
];

for (const [args, said] of MISUSE) {
  test(`parseTailOptions() refuses ${JSON.stringify(args)}`, () => {
    assert.throws(() => optionsOf(...args), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, said);
      assert.ok(!error.message.includes("s3cret"));
      return true;
    });
  });
}

test("rowsOf() cuts records out of a message as they stand there", () => {
  const row = fc.oneof(
    fc.object().map((value) => ({ line: JSON.stringify(value), json: JSON.stringify(value) })),
    fc.string().map((line) => ({ line, json: JSON.stringify(line) })),
  );
  fc.assert(fc.property(fc.array(row), (rows) => {
    const r = rows.map(({ json }, seq) => `[${seq},${json}]`);
    const text = `{"t":"b","ph":"l","from":0,"to":9,"r":[${r.join(",")}]}`;
    assert.deepEqual(rowsOf(text), rows.map(({ line }, seq) => ({ seq, line })));
  }));
});

test("rowsOf() refuses what is cut off", () => {
  const text = `{"t":"b","r":[[1,{"a":"\\"}"}],[2,"x"]]}`;
  assert.deepEqual(rowsOf(text).map(({ seq }) => seq), [1, 2]);
  for (const cut of ['{"t":"b"}', text.slice(0, 22), text.slice(0, 30), '{"r":[[1,2]]}']) {
    assert.throws(() => rowsOf(cut), SyntaxError);
  }
});

test("rowsOf() takes very long texts", () => {
  const long = 'x"'.repeat(2_000_000);
  const rows = rowsOf(`{"r":[[1,${JSON.stringify(long)}],[2,{"a":${JSON.stringify(long)}}]]}`);
  assert.equal(rows[0]!.line, long);
  assert.equal(rows.length, 2);
});

test("gapWords() says what is missing and why", () => {
  const gap = { from: 1, to: 2, n: 2, why: "evicted" };
  assert.equal(gapWords(gap), "… 2 records not shown: the server no longer kept them");
  assert.equal(gapWords({ ...gap, n: 1, why: "new\x1b" }), "… 1 record not shown: new\\x1b");
  assert.deepEqual([0, 1, 999, 1000, 1234567].map(countWords), [
    "0 records",
    "1 record",
    "999 records",
    "1,000 records",
    "1,234,567 records",
  ]);
});

test("folderTail() begins at any place", () =>
  inFolder("tail", async (folder) => {
    const wal = await openWal(fileStore(folder));
    for (let i = 1; i <= 250; i++) wal.stage(lineOf(`m${i}`));
    await wal.close();
    const shown = async (...args: readonly string[]): Promise<(string | number | undefined)[]> => {
      const options = optionsOf(folder, "--no-follow", ...args);
      const lines = await linesOf(folderTail({ ...options, signal: new AbortController().signal }));
      const msgs = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
      return [msgs.length, msgs[0], msgs.at(-1)];
    };
    assert.deepEqual(await shown(), [100, "m151", "m250"]);
    assert.deepEqual(await shown("--from", "kept"), [250, "m1", "m250"]);
    assert.deepEqual(await shown("--from", "249"), [2, "m249", "m250"]);
    assert.deepEqual(await shown("--from", "anyrun.249"), [1, "m250", "m250"]);
    assert.deepEqual(await shown("--from", "live"), [0, undefined, undefined]);
    assert.deepEqual(await shown("--from=-3", "/M1\\d$/i"), [3, "m17", "m19"]);
    assert.deepEqual(await shown("m7", "-m77", "--from", "-1000"), [10, "m7", "m79"]);
    assert.deepEqual(await shown("since=2026-11-21"), [0, undefined, undefined]);
  }));

test("linkTail() comes back when the server says so, however often", async () => {
  await using server = await serveTail((link, nth) => {
    link.say(hello(), batch(nth, nth), { t: "live", seq: nth + 1 });
    if (nth < 20) link.say({ t: "err", code: 4408, msg: "stalled" });
    link.end();
  });
  const lines: string[] = [];
  for await (const news of linkTo(server.url).read()) {
    if (news.kind === "rows") lines.push(...news.rows.map(({ line }) => line));
    if (lines.length === 20) break;
  }
  assert.deepEqual(
    lines,
    Array.from({ length: 20 }, (_, i) => JSON.stringify(record(`m${i + 1}`))),
  );
});

test("linkTail() follows no server to another address, which would get the headers", async () => {
  await using elsewhere = await serveTail((link) => link.end());
  await using server = await listen((_request, response) =>
    void response.writeHead(302, { location: `${elsewhere.url}?token=secret` }).end()
  );
  await assert.rejects(linesOf(linkTo(server.url)), (error: Error) => {
    assert.equal(error.name, "UsageError");
    assert.match(error.message, / sends us on to another address: name http:\S+ if you trust it$/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  assert.equal(elsewhere.requests.length, 0);
});

test("linkTail() takes no message whose parts are not what they should be", async () => {
  const messages: unknown[] = [
    { t: "gap", from: 2, to: 9, n: 8, why: 5 },
    { t: "gap", from: "a", to: 9, n: 8, why: "slow" },
    { t: "gap", from: 2, to: null, n: 8, why: "slow" },
    { t: "b", ph: "l", from: 1, to: "1", r: [] },
    { t: "b", ph: "l", from: 1, to: 1, r: [["z", "text"]] },
    { t: "live", seq: {} },
    { t: 1 },
    null,
  ];
  for (const message of messages) {
    await using server = await serveTail((link) => {
      link.say(hello(), message);
      link.end();
    });
    const reading = linkTo(server.url).read();
    await assert.rejects(
      async () => {
        for await (const _news of reading);
      },
      /does not speak version 1/,
      JSON.stringify(message),
    );
  }
});

test("linkTail() takes an answer without a word for no tail", async () => {
  await using server = await serveTail((link) => link.end());
  await assert.rejects(linesOf(linkTo(server.url)), /has ended it without a word$/);
});

const REFUSALS: readonly [status: number, body: string, isUsage: boolean, said: RegExp][] = [
  [
    401,
    "",
    true,
    /\/ingest asks for a token: send --header "authorization: Bearer TOKEN", or set LOG/,
  ],
  [403, "Host evil is not allowed\n", true, /\/ingest denies access: Host evil is not allowed$/m],
  [
    404,
    "<html>",
    true,
    /There is no live view at .*\/ingest: name its path, for example .*\/logs$/m,
  ],
  [400, "Invalid q: \x1b", true, /answered 400: Invalid q: \\x1b$/],
  [
    503,
    "Too many clients",
    false,
    /the server takes no more clients now \(503\): Too many clients$/m,
  ],
  [500, "", false, /Cannot read http.*: the server answered 500$/m],
  [200, "<html>", true, /is no live view: it answered with text\/html$/m],
];

for (const [status, body, isUsage, said] of REFUSALS) {
  test(`linkTail() says in one sentence what ${status} ${JSON.stringify(body)} means`, async () => {
    await using server = await listen((_request, response) => {
      response.writeHead(status, { "content-type": "text/html" }).end(body);
    });
    await assert.rejects(linesOf(linkTo(`${server.url}?ticket=s3cret`)), (error) => {
      assert.ok(error instanceof (isUsage ? UsageError : TailFailure), String(error));
      assert.match(error.message, said);
      assert.ok(!/s3cret|\n/.test(error.message));
      return true;
    });
  });
}

const STRANGE: readonly [what: string, messages: readonly unknown[], said: RegExp][] = [
  ["plain lines", [record("m1")], /does not speak version 1 of the tail's protocol/],
  ["a record before hello", [batch(1, 1)], /does not speak version 1/],
  ["no JSON", ["x", 1, null], /does not speak version 1/],
  ["records that are none", [hello(), { t: "b", from: 1, to: 1 }], /does not speak version 1/],
  ["a bad filter", [{ t: "err", code: 4400, msg: "Bad q", column: 3 }], /refuses: Bad q$/],
  ["a refusal", [hello(), { t: "err", code: 4401, msg: "No\x1b" }], /refuses: No\\x1b$/],
];

for (const [what, messages, said] of STRANGE) {
  test(`linkTail() ends at ${what}`, async () => {
    await using server = await serveTail((link) => {
      link.say(...messages);
      link.end();
    });
    await assert.rejects(linesOf(linkTo(server.url)), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, said);
      return true;
    });
  });
}

test("linkTail() says that a certificate is not trusted", async () => {
  await using server = await listen((_request, response) => void response.end(), "tls");
  await assert.rejects(linesOf(linkTo(server.url)), /: its certificate is not trusted$/);
});
