/** How a body ended. */
export interface BodyEnd {
  /** Bytes that were taken. */
  readonly bytes: number;
  /** What it broke off with. */
  readonly error?: unknown;
  /** Whether its reader went away before the end. */
  readonly aborted?: boolean;
}

/**
 * A response like the one given, that tells once how its body ended. It is read as fast as the copy is,
 * and no faster.
 */
export function watchBody(response: Response, ended: (end: BodyEnd) => void): Response {
  const reader = response.body!.getReader();
  let bytes = 0;
  let hasEnded = false;
  // A read may be under way when its reader goes away, and ends after that.
  const end = (how: Omit<BodyEnd, "bytes"> = {}): void => {
    if (!hasEnded) ended({ bytes, ...how });
    hasEnded = true;
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (hasEnded) return;
        if (!done) {
          bytes += value.byteLength;
          return controller.enqueue(value);
        }
        controller.close();
        end();
      } catch (error) {
        if (hasEnded) return;
        controller.error(error);
        end({ error });
      }
    },
    cancel(reason) {
      end({ aborted: true });
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(body, response);
}
