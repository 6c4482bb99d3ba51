/** A real server whose answers a test decides, and a receiver that stores each record once. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Buffer } from "node:buffer";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { parseSequence } from "../../src/sink/http.ts";
import { SELF_SIGNED } from "./self_signed.ts";

/** A request that has come in whole. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, unpacked. */
  readonly text: string;
  /** Bytes of the body as they came. */
  readonly bytes: number;
  /** The sequence numbers of the header, in order. */
  readonly seqs: readonly number[];
}

/** Answers a request, or breaks the connection. `nth` is 1 for the first. */
export type Answer = (request: Arrived, response: ServerResponse, nth: number) => unknown;

/** A server that listens. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** All requests that came in whole. */
  readonly requests: readonly Arrived[];
  /** Resolves when the request of this number, from 1 on, has come in whole. */
  arrived(nth: number): Promise<void>;
  /** Resolves when at most so many connections are open. */
  atMostOpen(count: number): Promise<void>;
}

/**
 * Listens on this machine; `tls` with a certificate that nobody should trust. `cuts` tells of each request
 * that begins, from 1 on, whether its connection is broken as soon as some of its body has come.
 */
export async function listen(
  answer: Answer,
  tls: "" | "tls" = "",
  cuts: (nth: number) => boolean = () => false,
): Promise<TestServer> {
  const requests: Arrived[] = [];
  const waiting = new Map<number, () => void>();
  let begun = 0;
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (cuts(++begun)) {
      incoming.on("error", () => {}).once("data", () => incoming.socket.destroy());
      return;
    }
    const request = await read(incoming).catch(() => undefined);
    if (request === undefined) return;
    const nth = requests.push(request);
    waiting.get(nth)?.();
    await answer(request, response, nth);
  };
  const server: Server = tls === "tls"
    ? createTlsServer(SELF_SIGNED, handle)
    : createServer(handle);
  let open = 0;
  const onClose = new Set<() => void>();
  server.on("connection", (socket) => {
    open++;
    socket.on("close", () => {
      open--;
      for (const look of onClose) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http${tls === "tls" ? "s" : ""}://127.0.0.1:${port}/ingest`,
    requests,
    arrived: (nth) =>
      new Promise((resolve) => {
        if (requests.length >= nth) resolve();
        else waiting.set(nth, resolve);
      }),
    atMostOpen: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (open <= count) resolve();
        };
        onClose.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function read(incoming: IncomingMessage): Promise<Arrived> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  const body = Buffer.concat(chunks);
  const headers = incoming.headers as Record<string, string>;
  const text = headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
  return {
    method: incoming.method!,
    path: incoming.url!,
    headers,
    text: text.toString("utf8"),
    bytes: body.length,
    seqs: seqsOf(headers["logflume-sequence"]),
  };
}

/** All numbers of a sequence header. */
export function seqsOf(header: string | null | undefined): number[] {
  return (parseSequence(header)?.runs ?? []).flatMap(({ firstSeq, count }) =>
    Array.from({ length: count }, (_, i) => firstSeq + i)
  );
}
