/** The blocks of code in the documents, and their run as programs of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runtimeArgs } from "./runtime_args.ts";

const ROOT = new URL("../../", import.meta.url);
const EXPORTS = (JSON.parse(fs.readFileSync(new URL("deno.json", ROOT), "utf8")) as {
  readonly exports: Readonly<Record<string, string>>;
}).exports;

/** A block of code in a document. */
export interface Block {
  /** The document and the line of its first line of code, as `docs/a.md:12`. */
  readonly place: string;
  /** What stands behind the fence, such as `ts` or `ts ignore`. */
  readonly info: string;
  /** The code. */
  readonly code: string;
}

/** All documents that are checked: the front page and the guides. */
export function documents(): readonly string[] {
  const guides = fs.readdirSync(new URL("docs/", ROOT)).filter((name) => name.endsWith(".md"));
  return ["README.md", ...guides.sort().map((name) => `docs/${name}`)];
}

/** The text of a document. */
export function documentText(document: string): string {
  return fs.readFileSync(new URL(document, ROOT), "utf8");
}

/** Whether a file of the project is there. */
export function exists(path: string): boolean {
  return fs.existsSync(new URL(path, ROOT));
}

/** The fenced blocks of a document, in order. */
export function blocksIn(document: string, text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { info: string; line: number; code: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.code.push(line);
    else if (open === undefined) open = { info: fence[1]!.trim(), line: index + 2, code: [] };
    else {
      const { info, code } = open;
      blocks.push({ place: `${document}:${open.line}`, info, code: code.join("\n") });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${document}:${open.line}: the block does not end`);
  return blocks;
}

/** The commands of a shell block that call logflume: the words behind `logflume`, quotes taken away. */
export function logflumeCalls(code: string): readonly (readonly string[])[] {
  return code.replaceAll("\\\n", " ").split("\n").flatMap((line) => {
    const command = line.replace(/^\$ /, "");
    return pipelineParts(command).flatMap((words) => {
      const at = words.indexOf("logflume");
      const isCall = at === 0 || (at > 0 && words[at - 1] === "task");
      return isCall ? [words.slice(at + 1)] : [];
    });
  });
}

/** Splits a command line at pipes and lists, and each part into words. Ends at a comment. */
function pipelineParts(line: string): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (
    const [token] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"|;&#]|(?<=\S)#)+|\|\|?|&&?|;|#.*/g)
  ) {
    if (/^[|;&]/.test(token)) parts.push([]);
    else if (token.startsWith("#")) break;
    else parts.at(-1)!.push(token.replaceAll(/'([^']*)'|"([^"]*)"/g, "$1$2"));
  }
  return parts.map(withoutRedirections);
}

function withoutRedirections(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word) => /^\d?[<>]/.test(word));
  return at < 0 ? words : words.slice(0, at);
}

/** How a program ended. */
export interface Run {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** A claim that does not hold ends the program; by itself it would only be printed. */
const MAIN = `
console.assert = (holds, ...what) => {
  if (!holds) throw new Error(["A claim does not hold", ...what].join(" "));
};
await import("./block.ts");
`;
/** A program that has not ended by itself after so long is killed. */
const TIMEOUT_MS = 30_000;

/**
 * Runs TypeScript as a module, in a process of its own under the runtime of the test, with `folder` as its
 * working directory. It is imported by the main module, so that Bun starts no server for a default export.
 */
export async function runBlock(code: string, folder: string): Promise<Run> {
  fs.writeFileSync(join(folder, "block.ts"), resolveImports(code));
  fs.writeFileSync(join(folder, "main.ts"), MAIN);
  const config = fileURLToPath(new URL("deno.json", ROOT));
  const args = [...runtimeArgs("-A", "--config", config), "main.ts"];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (part: string) => stderr += part);
  const [exitCode, signal] = await once(child, "close") as [number | null, string | null];
  clearTimeout(timer);
  return { code: exitCode, signal, stderr };
}

/**
 * Our own names stand for the sources, as `exports` has them; packages are found from here, since the
 * working directory of the program is none of ours. Built-in modules stay.
 */
function resolveImports(code: string): string {
  return code.replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*)"([^".][^"]*)"/g,
    (_all, before: string, name: string) => `${before}${JSON.stringify(resolved(name))}`,
  );
}

function resolved(name: string): string {
  if (/^(node|bun|https?|file):/.test(name)) return name;
  const own = /^@logflume\/logflume(\/.*)?$/.exec(name);
  if (own === null) return import.meta.resolve(name);
  const path = EXPORTS[own[1] === undefined ? "." : `.${own[1]}`];
  if (path === undefined) throw new Error(`"${name}" is not exported`);
  return pathToFileURL(fileURLToPath(new URL(path, ROOT))).href;
}
