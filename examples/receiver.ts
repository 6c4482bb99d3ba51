/**
 * A server that stores each record of an HTTP sink once, however often it is sent: a line of a file each.
 *
 *     deno run -A examples/receiver.ts [FILE] [PORT]
 */
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import process from "node:process";
import { serve } from "@hono/node-server";
import { type HttpSequence, parseSequence } from "@logflume/logflume/sink/http";
import { Hono } from "hono";

type Origin = Pick<HttpSequence, "source" | "run" | "runFirstSeq">;
type Entry = Origin & { readonly seq: number; readonly record: unknown };

/** Which records are stored. Where they are many, a unique index of a database serves better. */
class Stored {
  readonly #sources = new Map<string, { run: number; seqs: Set<number> }>();

  /** The numbers stored of a source; undefined if the request is of a run that is over. */
  of({ source, run, runFirstSeq }: Origin): Set<number> | undefined {
    const known = this.#sources.get(source) ?? { run, seqs: new Set<number>() };
    this.#sources.set(source, known);
    if (run > known.run) {
      // A power cut may have taken records that we have from the log, and others got their numbers.
      for (const seq of known.seqs) if (seq >= runFirstSeq) known.seqs.delete(seq);
      known.run = run;
    }
    return run < known.run ? undefined : known.seqs;
  }
}

/** The route of a receiver that keeps its records in the file `path`. */
export function receiver(path: string): Hono {
  const file = fs.openSync(path, "a+");
  const stored = new Stored();
  // A line that was cut by a crash was never acknowledged, and so will be sent again.
  const whole = fs.readFileSync(path, "utf8").replace(/[^\n]*$/, "");
  let size = Buffer.byteLength(whole);
  for (const line of whole.split("\n").slice(0, -1)) {
    const entry = JSON.parse(line) as Entry;
    stored.of(entry)?.add(entry.seq);
  }
  return new Hono().post("/ingest", async (c) => {
    const sequence = parseSequence(c.req.header("logflume-sequence"));
    const lines = (await textOf(c.req.raw)).split("\n").slice(0, -1);
    if (sequence?.count !== lines.length) return c.text("One number for each line, please\n", 400);
    const seqs = stored.of(sequence);
    if (seqs === undefined) return c.body(null, 204);
    const fresh = entriesOf(sequence, lines).filter(({ seq }) => !seqs.has(seq));
    const bytes = Buffer.from(fresh.map((entry) => JSON.stringify(entry) + "\n").join(""));
    fs.ftruncateSync(file, size);
    fs.writeFileSync(file, bytes);
    fs.fdatasyncSync(file);
    size += bytes.length;
    for (const { seq } of fresh) seqs.add(seq);
    return c.body(null, 204);
  });
}

function entriesOf({ source, run, runFirstSeq, runs }: HttpSequence, lines: string[]): Entry[] {
  const seqs = runs.flatMap(({ firstSeq, count }) =>
    Array.from({ length: count }, (_, i) => firstSeq + i)
  );
  return lines.map((line, i) => ({
    source,
    run,
    runFirstSeq,
    seq: seqs[i]!,
    record: JSON.parse(line),
  }));
}

function textOf(request: Request): Promise<string> {
  const isGzip = request.headers.get("content-encoding") === "gzip";
  if (!isGzip || request.body === null) return request.text();
  return new Response(request.body.pipeThrough(new DecompressionStream("gzip"))).text();
}

if (import.meta.main) {
  const [path = "received.ndjson", port = "8080"] = process.argv.slice(2);
  const server = { hostname: "127.0.0.1", port: Number(port), fetch: receiver(path).fetch };
  serve(server, (info) => {
    console.log(`Storing in ${path} what comes to http://127.0.0.1:${info.port}/ingest`);
  });
}
