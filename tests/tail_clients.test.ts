/** Who can read a tail: each client gets what is kept and then what is new, in a process of its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { DENO_RUN } from "./support/runtime_args.ts";
import { lineOf, push, withSite } from "./support/tail_site.ts";

const CLIENT = fileURLToPath(new URL("support/tail_client_child.ts", import.meta.url));
const DENO = ["deno", ...DENO_RUN, "-A", CLIENT];
const BUN = ["bun", CLIENT];
const NODE = ["node24", "--experimental-eventsource", CLIENT];

/** A program and what it is told; `URL` stands for the address. */
const CLIENTS: readonly (readonly [name: string, ...command: string[]])[] = [
  ["the six lines on Deno", ...DENO, "six", "URL"],
  ["the six lines on Bun", ...BUN, "six", "URL"],
  ["the six lines on Node", ...NODE, "six", "URL"],
  ["the protocol on Deno", ...DENO, "protocol", "URL"],
  ["the protocol on Bun", ...BUN, "protocol", "URL"],
  ["the protocol on Node", ...NODE, "protocol", "URL"],
  ["ws on Node", ...NODE, "ws", "URL"],
  ["fetch on Deno", ...DENO, "fetch", "URL"],
  ["fetch on Bun", ...BUN, "fetch", "URL"],
  ["fetch on Node", ...NODE, "fetch", "URL"],
  ["EventSource on Deno", ...DENO, "events", "URL"],
  ["EventSource on Node", ...NODE, "events", "URL"],
  ["curl -N", "curl", "-sN", "URL"],
  ["curl -N for events", "curl", "-sN", "-H", "Accept: text/event-stream", "URL"],
];

/** Where a program is; Node may bear its plain name. */
function pathOf(program: string): string | undefined {
  const names = program === "node24" ? [program, "node"] : [program];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => fs.existsSync(path));
}

for (const [name, program, ...args] of CLIENTS) {
  const path = pathOf(program!);
  const skip = path === undefined ? `${program} is not on the PATH` : false;
  test(
    `${name} gets what is kept, then what is new`,
    { skip },
    () =>
      withSite({}, async ({ tail, url }) => {
        push(tail, 1, 3);
        const told = args.map((text) => text === "URL" ? `http://${url}` : text);
        const child = spawn(path!, told, { stdio: ["ignore", "pipe", "inherit"] });
        const got: string[] = [];
        for await (const line of createInterface({ input: child.stdout })) {
          const text = line.replace(/^data: /, "");
          if (!text.startsWith("{")) continue;
          got.push(text);
          // Whoever has seen what was kept is live.
          if (got.length === 3) push(tail, 4, 5);
          if (got.length === 5) child.kill();
        }
        assert.deepEqual(got, [1, 2, 3, 4, 5].map((seq) => lineOf(seq)));
      }),
  );
}
