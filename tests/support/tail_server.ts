/** A live view whose every word a test decides: protocol version 1, one message a line. */
import type { ServerResponse } from "node:http";
import { type Arrived, listen, type TestServer } from "./http_server.ts";

/** What a test says on one link. */
export interface TailLinkScript {
  /** What was asked, with its query. */
  readonly asked: URLSearchParams;
  /** The headers that came. */
  readonly headers: Arrived["headers"];
  /** Sends messages. */
  say(...messages: readonly unknown[]): void;
  /** Sends text as it is. */
  raw(text: string): void;
  /** Ends the answer well. */
  end(): void;
  /** Breaks the link. */
  cut(): void;
}

/** Serves a tail: the script is called for each link, `nth` is 1 for the first. */
export function serveTail(
  script: (link: TailLinkScript, nth: number) => unknown,
): Promise<TestServer> {
  return listen((request, response, nth) => {
    response.writeHead(200, { "content-type": "application/x-ndjson; charset=utf-8" });
    response.flushHeaders();
    return script(linkOf(request, response), nth);
  });
}

function linkOf(request: Arrived, response: ServerResponse): TailLinkScript {
  return {
    asked: new URL(request.path, "http://localhost").searchParams,
    headers: request.headers,
    say: (...messages) =>
      void response.write(messages.map((m) => JSON.stringify(m) + "\n").join("")),
    raw: (text) => void response.write(text),
    end: () => void response.end(),
    cut: () => void response.socket?.destroy(),
  };
}

/** The first message of a server. */
export function hello(run: string = "r1", hb: number = 15_000): unknown {
  return { t: "hello", v: 1, run, first: 1, last: 9, hb };
}

/** Records `m<seq>` from one number to another. */
export function batch(from: number, to: number, ph: "r" | "l" = "l"): unknown {
  const seqs = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return { t: "b", ph, from, to, r: seqs.map((seq) => [seq, record(`m${seq}`)]) };
}

/** A record with a message. */
export function record(msg: string): Record<string, unknown> {
  return { time: "2026-11-21T10:00:00.000Z", level: "warn", msg };
}
