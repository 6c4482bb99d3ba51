import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { type CommandEnding, startCommand } from "./support/cli.ts";
import { listen } from "./support/http_server.ts";
import { lineOf } from "./support/read_log.ts";
import { frameOffsets } from "./support/small_log.ts";
import { inFolder } from "./support/spawn.ts";
import { batch, hello, record, serveTail, type TailLinkScript } from "./support/tail_server.ts";

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  startCommand(["tail", ...args], env).ended;

/** Runs `tail` against a server that says this on each link, and ends it. */
async function runAgainst(
  script: (link: TailLinkScript, nth: number) => unknown,
  ...args: readonly string[]
): Promise<CommandEnding> {
  await using server = await serveTail(script);
  return await run([server.url, ...args]);
}

const once = (...messages: readonly unknown[]) => (link: TailLinkScript): void => {
  link.say(...messages);
  link.end();
};

test("tail shows records for people, and asks for what was said", async () => {
  let link: TailLinkScript | undefined;
  const { code, stdout, stderr } = await runAgainst(
    (now) => once(hello(), batch(1, 2, "r"), { t: "live", seq: 3 })(link = now),
    "timeout",
    "-healthz",
    "user.id=42",
    "/^m/i",
    "--level",
    "warn",
    "--from",
    "-7",
    "--no-follow",
    "--header",
    "x-team: red",
  );
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(stdout, "10:00:00.000 WARN  m1\n10:00:00.000 WARN  m2\n");
  const { asked, headers } = link!;
  assert.deepEqual(Object.fromEntries(asked), {
    v: "1",
    from: "-7",
    q: "timeout -healthz level>=warn user.id=42",
    follow: "0",
  });
  assert.equal(headers["x-team"], "red");
  assert.match(headers.accept!, /ndjson/);
});

test("tail applies patterns itself, since a server takes none", async () => {
  const { stdout } = await runAgainst(
    once(hello(), batch(1, 12)),
    "/m1\\d/",
    "--no-follow",
  );
  assert.deepEqual(stdout.match(/m\d+/g), ["m10", "m11", "m12"]);
});

test("tail sends the token of the environment, unless a header brings one", async () => {
  const sent: (string | undefined)[] = [];
  await using server = await serveTail((link) => {
    sent.push(link.headers.authorization);
    once(hello())(link);
  });
  const env = { LOGFLUME_TOKEN: "s3cret" };
  await run([server.url, "--no-follow"], env);
  await run([server.url, "--no-follow", "--header", "Authorization: Bearer other"], env);
  assert.deepEqual(sent, ["Bearer s3cret", "Bearer other"]);
});

test("tail --json gives the lines as they are, and gaps among them", async () => {
  const line = '{"time":"2026-11-21T10:00:00.000Z","level":"info","msg":"]}\\"\\\\",' +
    '"fields":{"2":1,"1":9007199254740993,"e":1e2}}';
  const { code, stdout, stderr } = await runAgainst(
    (link) => {
      link.say(hello(), { t: "gap", from: 1, to: 1204, n: 1204, why: "slow", back: false });
      link.raw(
        `\n{"t":"b","ph":"l","from":1205,"to":1206,"r":[[1205,${line}],[1206,"plain \\u001b[31m"]]}\n`,
      );
      link.end();
    },
    "--json",
    "--no-follow",
  );
  const gap = '{"$":"gap","from":1,"to":1204,"n":1204,"why":"slow"}';
  assert.equal(stdout, `${gap}\n${line}\nplain \x1b[31m\n`);
  assert.equal(stderr, "… 1,204 records not shown: the client fell behind\n");
  assert.equal(code, 0);
});

test("tail lets no record command the terminal", async () => {
  const hostile = [
    "a\x1b[2Jb\u202e",
    { ...record("x"), level: "warn\x1b[2J" },
    { ...record("y\x1b[2J"), logger: "l\x1b[2J", fields: { "k\x1b[2J": "v\x1b[2J" } },
    { ...record("z"), truncated: 12345 },
    { msg: 7 },
  ];
  const r = hostile.map((row, i) => [i + 1, row]);
  const message = { t: "b", ph: "l", from: 1, to: r.length, r };
  const { code, stdout } = await runAgainst(once(hello(), message), "--no-follow");
  assert.equal(code, 0);
  assert.ok(!stdout.includes("\x1b") && !stdout.includes("\u202e"), stdout);
  assert.match(stdout, /a\\x1b\[2Jb\\u202e\n/);
  assert.match(stdout, /z truncated=12345\n\{"msg":7\}\n$/);
});

test("tail goes on behind the last record after a lost link, and Ctrl-C ends it well", async () => {
  const from: (string | null)[] = [];
  let first: TailLinkScript | undefined;
  await using server = await serveTail((link, nth) => {
    from.push(link.asked.get("from"));
    if (nth === 1) {
      link.say(hello(), batch(1, 3, "r"), { t: "live", seq: 4 });
      link.raw('{"t":"b","ph":"l","from":4,"to":5,"r":[[4,{"msg":');
      first = link;
    } else if (nth === 2) link.cut();
    else if (nth === 3) {
      link.say(hello(), batch(2, 6, "r"));
      link.end();
    } else if (nth === 4) {
      // Behind these, the filter left out all up to 18.
      link.say(hello(), batch(7, 8), { t: "hb", last: 20, lag: 2, sent: 9, skipped: 0 });
      link.end();
    } else link.say(hello(), batch(19, 19));
  });
  const { child, ended, said } = startCommand(["tail", server.url, "--from", "kept"]);
  await said("stdout", "m3\n");
  first!.cut();
  await said("stdout", "m19\n");
  process.kill(child.pid!, "SIGINT");
  const { code, stdout, stderr } = await ended;
  assert.deepEqual(stdout.match(/m\d+/g), ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m19"]);
  assert.deepEqual(from, ["kept", "r1.3", "r1.3", "r1.6", "r1.18"]);
  assert.deepEqual(stderr.match(/The link is (lost|back)/g), [
    "The link is lost",
    "The link is back",
    "The link is lost",
    "The link is back",
    "The link is lost",
    "The link is back",
  ]);
  assert.match(stderr, /logflume: Stopped after 9 records; go on with --from r1\.19\n$/);
  assert.equal(code, 0);
});

test("tail tells a restart, and shows the new run from its beginning", async () => {
  const from: (string | null)[] = [];
  await using server = await serveTail((link, nth) => {
    from.push(link.asked.get("from"));
    if (nth === 1) {
      link.say(hello("a1"), batch(1, 5));
      link.end();
    } else if (nth === 2) {
      // The same log: the last two did not reach the disk, and their numbers are given anew.
      link.say(hello("a2"), { t: "gap", from: 4, to: 5, n: 2, why: "restart" });
      link.end();
    } else if (nth === 3) {
      link.say(hello("a2"), batch(4, 4));
      link.end();
    } else if (nth === 4) {
      // The same log again, and nothing was lost.
      link.say(hello("a3"));
      link.end();
    } else if (nth === 5) {
      link.say(hello("b1"), { t: "gap", from: 1, to: 0, n: 0, why: "restart" }, batch(1, 2));
    }
  });
  const { child, ended, said } = startCommand(["tail", server.url]);
  await said("stdout", "m5\n10:00:00.000 WARN  m4\n10:00:00.000 WARN  m1\n10:00:00.000 WARN  m2\n");
  process.kill(child.pid!, "SIGINT");
  const { code, stderr } = await ended;
  assert.deepEqual(from, ["-100", "a1.5", "a2.3", "a2.4", "a2.4"]);
  assert.match(
    stderr,
    /… the server was started anew, and does not have the last 2 records shown\n/,
  );
  assert.match(stderr, /… another log begins here: the server was started anew\n/);
  assert.match(stderr, /Stopped after 8 records; go on with --from b1\.2\n/);
  assert.equal(code, 0);
});

test("tail leaves a link on which nothing is heard", async () => {
  await using server = await serveTail((link, nth) => {
    if (nth === 1) link.say(hello("r1", 40), batch(1, 1));
    else link.say(hello("r1"), batch(2, 2));
  });
  const { child, ended, said } = startCommand(["tail", server.url]);
  await said("stdout", "m2\n");
  process.kill(child.pid!, "SIGINT");
  const { code, stderr } = await ended;
  assert.match(
    stderr,
    /The link is lost: nothing was heard for 1 s; trying again until it is back/,
  );
  assert.equal(code, 0);
});

test("tail ends quietly when nobody reads any more", async () => {
  let link: TailLinkScript | undefined;
  await using server = await serveTail((now) => {
    link = now;
    now.say(hello(), batch(1, 1));
  });
  const { child, ended, said } = startCommand(["tail", server.url]);
  await said("stdout", "m1\n");
  child.stdout!.destroy();
  for (let seq = 2; child.exitCode === null && child.signalCode === null; seq++) {
    link!.say(batch(seq, seq));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [0, ""]);
});

const line = (msg: string, level = "info") => lineOf(msg).replace('"info"', `"${level}"`);

test("tail shows a log in a folder while it is written", () =>
  inFolder("tail", async (folder) => {
    const wal = await openWal(fileStore(folder));
    for (let i = 1; i <= 30; i++) wal.stage(line(`m${i}`, i % 10 === 0 ? "error" : "info"));
    await wal.sync();
    const { child, ended, said } = startCommand(
      ["tail", folder, "level>=warn", "--from", "-2", "--json"],
    );
    await said("stdout", '"m30"');
    wal.stage(line("m31"));
    wal.stage(line("m32", "fatal"));
    await wal.sync();
    await said("stdout", '"m32"');
    process.kill(child.pid!, "SIGINT");
    const { code, stdout, stderr } = await ended;
    await wal.close();
    const wanted = [line("m20", "error"), line("m30", "error"), line("m32", "fatal")];
    assert.deepEqual([code, stdout], [0, wanted.join("")]);
    assert.equal(stderr, "logflume: Stopped after 3 records; go on with --from 33\n");
  }));

test("tail tells damage in a folder exactly, and exits 1", () =>
  inFolder("tail", async (folder) => {
    const wal = await openWal(fileStore(folder));
    for (let i = 1; i <= 40; i++) {
      wal.stage(line(`m${i}`));
      if (i % 10 === 0) wal.flushSync();
    }
    await wal.close();
    const path = join(folder, fs.readdirSync(folder).find((name) => name.endsWith(".ndjson"))!);
    const bytes = fs.readFileSync(path);
    bytes[frameOffsets(bytes)[1]! + 300]! ^= 1;
    fs.writeFileSync(path, bytes);
    const { code, stdout, stderr } = await run([folder, "--no-follow", "--from", "kept"]);
    assert.equal(stdout.match(/m\d+/g)?.length, 30);
    assert.equal(stderr, "… 10 records not shown: they are damaged and cannot be read\n");
    assert.equal(code, 1);
  }));

test("tail says why it cannot read, and ends", async () => {
  const server = await listen((_request, response) => void response.writeHead(401).end());
  const denied = await run([server.url]);
  await server[Symbol.asyncDispose]();
  const nobody = await run([server.url]);
  assert.match(denied.stderr, /^logflume: http:.* asks for a token: send --header .*\n$/);
  assert.match(nobody.stderr, /^logflume: Cannot read http:.*: the connection is refused\n$/);
  assert.deepEqual([denied.code, nobody.code], [2, 1]);
});

test("tail shows its help, and a mistake in the query with its place", async () => {
  const help = await run(["--help"]);
  assert.match(help.stdout, /^Usage: logflume tail URL\|DIR \[QUERY\]/);
  assert.equal(help.code, 0);
  const { code, stderr } = await run(["x", "level>=wrn"]);
  assert.match(stderr, /Unknown level "wrn" at column 8: .*\n {2}level>=wrn\n {9}\^\n$/);
  assert.equal(code, 2);
});
