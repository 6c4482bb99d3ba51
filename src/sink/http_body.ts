const LF = 0x0a;
const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** How records stand in the body of a request. */
export type HttpFormat = "ndjson" | "json";

/** What a body of this format is called. */
export const CONTENT_TYPES: Readonly<Record<HttpFormat, string>> = {
  ndjson: "application/x-ndjson",
  json: "application/json",
};

/** Lines as the body of a request. */
export function encodeBody(
  lines: Uint8Array,
  format: HttpFormat,
  gzip: boolean,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  // A log shares no memory with other threads.
  const body = format === "json" ? jsonArray(lines) : lines as Uint8Array<ArrayBuffer>;
  return gzip ? compress(body) : body;
}

/** Inside a line of JSON no line feed stands as itself, so each one is the border of two elements. */
function jsonArray(lines: Uint8Array): Uint8Array<ArrayBuffer> {
  const array = new Uint8Array(lines.length + 1);
  array[0] = OPEN;
  array.set(lines, 1);
  for (let i = array.indexOf(LF); i >= 0; i = array.indexOf(LF, i + 1)) array[i] = COMMA;
  array[array.length - 1] = CLOSE;
  return array;
}

async function compress(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Blob([bytes]).stream();
  const gzipped = new Response(whole.pipeThrough(new CompressionStream("gzip")));
  return new Uint8Array(await gzipped.arrayBuffer());
}
