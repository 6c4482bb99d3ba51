/** One client of a tail, in the words its users would write; prints each line it gets. */
import process from "node:process";

const [, , kind, url] = process.argv as [string, string, string, string];
const ws = url.replace(/^http/, "ws");

const CLIENTS: Readonly<Record<string, () => unknown>> = {
  /** The whole client of an older tail: what is kept comes first, then what is new. */
  six() {
    const socket = new WebSocket(ws);
    socket.onmessage = (event) => {
      const line = event.data;
      console.log(line);
    };
    socket.onclose = () => process.exit();
  },
  protocol() {
    const socket = new WebSocket(`${ws}?v=1`);
    socket.onopen = () => socket.send(JSON.stringify({ t: "sub", v: 1, from: { last: 100 } }));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.t !== "b") return;
      for (const [, record] of message.r) console.log(JSON.stringify(record));
      socket.send(JSON.stringify({ t: "ack", seq: message.to }));
    };
  },
  async ws() {
    const { WebSocket } = await import("ws");
    new WebSocket(ws).on("message", (data: unknown) => console.log(String(data)));
  },
  async fetch() {
    const response = await fetch(url);
    const text = response.body!.pipeThrough(new TextDecoderStream());
    for await (const part of text) process.stdout.write(part);
  },
  events() {
    const { EventSource } = globalThis as unknown as {
      EventSource: new (url: string) => { onmessage(event: { data: string }): void };
    };
    new EventSource(url).onmessage = ({ data }) => console.log(data);
  },
};

await CLIENTS[kind]!();
