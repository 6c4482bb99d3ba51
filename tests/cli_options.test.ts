import { test } from "node:test";
import assert from "node:assert/strict";
import { parseRunOptions } from "../src/cli/options.ts";
import { durationOf } from "../src/cli/moment.ts";
import { bytesOf } from "../src/config/quantity.ts";
import { UsageError } from "../src/cli/usage_error.ts";

test("parseRunOptions() fills in the defaults", () => {
  assert.deepEqual(parseRunOptions([]), {
    config: undefined,
    inputs: [],
    follow: false,
    output: undefined,
    data: undefined,
    retain: undefined,
    listen: { hostname: "127.0.0.1", port: 8484, isExplicit: false },
    isListenGiven: false,
    ingest: false,
    drainTimeoutMs: 10_000,
    isDrainTimeoutGiven: false,
    demo: false,
    summary: false,
    help: false,
  });
});

test("parseRunOptions() reads every option", () => {
  const args =
    "--input a.log --input - --follow --output o --data d --retain 24h --listen [::1]:0" +
    " --ingest --drain-timeout 1.5s --summary";
  assert.deepEqual(parseRunOptions(args.split(" ")), {
    config: undefined,
    inputs: ["a.log", "-"],
    follow: true,
    output: "o",
    data: "d",
    retain: { retain: Number.MAX_SAFE_INTEGER, retainAgeMs: 86_400_000 },
    listen: { hostname: "::1", port: 0, isExplicit: true },
    isListenGiven: true,
    ingest: true,
    drainTimeoutMs: 1_500,
    isDrainTimeoutGiven: true,
    demo: false,
    summary: true,
    help: false,
  });
  assert.deepEqual(parseRunOptions(["--input=-x"]).inputs, ["-x"]);
  assert.equal(parseRunOptions(["a.yaml", "--listen", "off"]).config, "a.yaml");
});

const listens: [string, string | undefined, number | undefined][] = [
  ["off", undefined, undefined],
  ["8080", "127.0.0.1", 8080],
  [":8080", "127.0.0.1", 8080],
  ["0.0.0.0:1", "0.0.0.0", 1],
  ["localhost:65535", "localhost", 65535],
];

for (const [text, hostname, port] of listens) {
  test(`--listen takes ${text}`, () => {
    const { listen } = parseRunOptions(["--listen", text]);
    assert.deepEqual([listen?.hostname, listen?.port], [hostname, port]);
  });
}

const mistakes: [string, RegExp][] = [
  ["--nonsense", /^Unknown option "--nonsense": use --input, --follow/],
  ["-x", /^Unknown option "-x"/],
  ["--no-follow", /^Unknown option "--no-follow"/],
  ["--ingest --listen off", /^--ingest needs an address to post to: leave out --listen off$/],
  ["app.log", /^"app.log" is no configuration, which ends in .yaml: name inputs with --input$/],
  [
    "a.yaml b.yaml",
    /^Unexpected argument "b.yaml": name one configuration, or inputs with --input$/,
  ],
  ["a.yaml --follow", /^The configuration says that: leave out --follow, or the configuration$/],
  ["--output", /^Option "--output" needs a value, for example --output out.ndjson$/],
  ["--output --follow", /^Option "--output" needs a value/],
  ["--output=", /^Option "--output" needs a value/],
  ["--follow=yes", /^Option "--follow" takes no value/],
  ["--retain soon", /^"--retain soon" is neither a size nor an age/],
  ["--listen here", /^"--listen here" is not an address/],
  ["--listen localhost:70000", /is not an address/],
  ["--drain-timeout 5", /^"--drain-timeout 5" is not a duration/],
  ["--demo --input a", /^--demo makes its own traffic/],
];

for (const [args, message] of mistakes) {
  test(`a mistake is told in one sentence: ${args}`, () => {
    assert.throws(() => parseRunOptions(args.split(" ")), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("sizes and durations are read with their units", () => {
  assert.deepEqual(["7", "64MiB", "1.5 KB", "2gib", "5s", "-1", "MiB"].map(bytesOf), [
    7,
    67_108_864,
    1_500,
    2_147_483_648,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(
    ["0", "250ms", "5 s", "1.5m", "24h", "7d", "1h30m", "5", "1 0s", "", "5MiB"].map(durationOf),
    [
      0,
      250,
      5_000,
      90_000,
      86_400_000,
      604_800_000,
      5_400_000,
      undefined,
      undefined,
      undefined,
      undefined,
    ],
  );
});
