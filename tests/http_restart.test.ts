/**
 * The HTTP sink over real kills: a process is ended by SIGKILL while its server has its request in hand,
 * and started again on the same folder, with other batch borders. What the server stored, by the sequence
 * header alone, is judged from outside.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { receiver } from "../examples/receiver.ts";
import { type Answer, listen } from "./support/http_server.ts";
import type { HttpTask } from "./support/http_child.ts";
import { inFolder, type Script, startScript } from "./support/spawn.ts";

/** Where a request is when the process that sent it dies. */
type Moment = "before it is stored" | "stored, before the answer" | "behind the answer";

/** A run: how its batches are cut, and at which of its requests it is killed. */
interface Run {
  readonly maxRecords: number;
  readonly kill?: { readonly nth: number; readonly moment: Moment };
}

const RUNS: readonly Run[] = [
  { maxRecords: 7, kill: { nth: 3, moment: "stored, before the answer" } },
  { maxRecords: 5, kill: { nth: 1, moment: "before it is stored" } },
  { maxRecords: 11, kill: { nth: 2, moment: "behind the answer" } },
  { maxRecords: 3, kill: { nth: 4, moment: "stored, before the answer" } },
  { maxRecords: 100 },
];
const RECORDS_A_RUN = 60;

test("a kill between request and cursor loses nothing, and the receiver removes every repeat", {
  timeout: 120_000,
}, () =>
  inFolder("http", async (folder) => {
    const file = join(folder, "received.ndjson");
    const app = receiver(file);
    let script: Script | undefined;
    let run: Run = RUNS[0]!;
    let nth = 0;
    let sent = 0;
    const answer: Answer = async ({ text, headers, seqs }, response) => {
      const moment = ++nth === run.kill?.nth ? run.kill.moment : undefined;
      if (moment === "before it is stored") return script!.child.kill("SIGKILL");
      const stored = await app.request("/ingest", {
        method: "POST",
        body: text,
        headers: { "logflume-sequence": headers["logflume-sequence"]! },
      });
      sent += seqs.length;
      if (moment === "stored, before the answer") return script!.child.kill("SIGKILL");
      response.writeHead(stored.status).end(() => {
        if (moment === "behind the answer") script!.child.kill("SIGKILL");
      });
    };
    await using server = await listen(answer);
    const acknowledged: string[] = [];
    const offered: string[] = [];
    for (const [index, current] of RUNS.entries()) {
      run = current;
      nth = 0;
      const messages = Array.from({ length: RECORDS_A_RUN }, (_, i) => `${index}.${i}`);
      offered.push(...messages);
      const { maxRecords } = current;
      const task: HttpTask = { folder: join(folder, "log"), url: server.url, maxRecords, messages };
      script = startScript("http_child.ts", task, (line) => {
        if (line.startsWith("ack ")) acknowledged.push(line.slice(4));
      });
      const { stdout, stderr } = await script.ended;
      assert.equal(stdout.includes("drained"), current.kill === undefined, stderr);
    }
    const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n");
    const stored: string[] = lines.map((line) => JSON.parse(line).record.msg);
    assert.equal(new Set(stored).size, stored.length, "each record is stored once");
    const missing = acknowledged.filter((msg) => !stored.includes(msg));
    assert.deepEqual(missing, [], "what was acknowledged is stored");
    assert.deepEqual(stored.filter((msg) => !offered.includes(msg)), []);
    assert.ok(sent > stored.length, "some records must come again for this test to say anything");
  }));
