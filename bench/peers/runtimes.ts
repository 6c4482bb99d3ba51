/** The runtimes that the programs run on. */
import { spawnSync } from "node:child_process";

/** One runtime: how it is called and which version it is. */
export interface Runtime {
  /** `deno`, `bun` or `node`. */
  readonly id: string;
  /** Name and version. */
  readonly title: string;
  /** The command before the name of the program's file. */
  readonly command: readonly string[];
}

/** Where each runtime may be, in the order of trying; the first that is new enough is taken. */
const CANDIDATES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  deno: [["deno"], ["npx", "-y", "deno"]],
  bun: [["bun"], ["npx", "-y", "bun@1"]],
  node: [["node"], ["node24"], ["npx", "-y", "node@24"]],
};
const MIN_MAJOR: Readonly<Record<string, number>> = { deno: 2, bun: 1, node: 24 };
const PROBE = "console.log(JSON.stringify([process.execPath, process.versions]))";

/**
 * Finds a runtime; its program is called by its path from then on, so that no wrapper is measured.
 *
 * @throws {Error} If there is none
 */
export function findRuntime(id: string): Runtime {
  for (const candidate of CANDIDATES[id] ?? []) {
    const [name, ...args] = candidate;
    const flags = id === "deno" ? ["eval", PROBE] : ["-e", PROBE];
    const found = spawnSync(name!, [...args, ...flags], { encoding: "utf8" });
    if (found.status !== 0) continue;
    const [path, versions] = JSON.parse(found.stdout) as [string, Record<string, string>];
    const version = versions[id] ?? "0";
    if (Number.parseInt(version) < MIN_MAJOR[id]!) continue;
    const title = `${id[0]!.toUpperCase()}${id.slice(1)} ${version}`;
    return { id, title, command: id === "deno" ? [path, "run", "-A", "--no-check"] : [path] };
  }
  const allowed = Object.keys(CANDIDATES).join(", ");
  throw new Error(
    `Cannot find the runtime "${id}": allowed are ${allowed}, and it must be installed`,
  );
}
