/** More of a body than this is not read for the sake of the connection. */
const DRAIN_BYTES = 64 * 1024;
/** So much of a body is read for a message. */
const TEXT_BYTES = 2 * 1024;

/**
 * Reads the rest of an answer, so that its connection can be used again; a long one is cut off. Never
 * throws: what was answered stands, however the body ends.
 */
export async function drain(response: Response): Promise<void> {
  await readUpTo(response, DRAIN_BYTES);
}

/** The beginning of the body, as text; whatever came before it broke off. */
export async function beginningOf(response: Response): Promise<string> {
  const chunks = await readUpTo(response, TEXT_BYTES);
  const decoder = new TextDecoder();
  const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
  return text.slice(0, TEXT_BYTES);
}

async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  const reader = response.body?.getReader();
  if (reader === undefined) return chunks;
  let bytes = 0;
  try {
    while (bytes < maxBytes) {
      const { done, value } = await reader.read();
      if (done) return chunks;
      chunks.push(value);
      bytes += value.length;
    }
    await reader.cancel();
  } catch {
    // Broken off by the server, the time limit or the end of the sink: what came is all there is.
  }
  return chunks;
}
