/** A program that writes and ends without closing its writers: what they took is processed all the same. */
import process from "node:process";
import { createWriter, type Writer } from "../../mod.ts";

/** A timer that keeps no process alive, as those of many client libraries. */
function nap(): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, 20);
    (timer as { unref(): void }).unref();
  });
}

const say = (name: string) => (line: string) => void process.stdout.write(`${name} ${line}\n`);
const writers: Record<string, (tell: (line: string) => void) => Writer> = {
  plain: (tell) => createWriter({ process: ({ msg }) => tell(msg) }),
  batch: (tell) =>
    createWriter({
      processBatch: (records) => tell(records.map(({ msg }) => msg).join()),
      batch: { maxIntervalMs: 300 },
    }),
  limited: (tell) =>
    createWriter({
      process: async ({ msg }) => {
        await nap();
        tell(msg);
      },
      processTimeoutMs: 60_000,
    }),
};
for (const [name, create] of Object.entries(writers)) {
  const writer = create(say(name));
  for (const msg of ["a", "b"]) writer.write({ msg });
}
