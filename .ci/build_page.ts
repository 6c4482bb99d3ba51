/**
 * Builds the page of the tail into one file with everything inlined: `deno run -A .ci/build_page.ts`.
 * With `--check` it only proves that the committed build is the one its sources give.
 */
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";

const APP = new URL("../src/tail/page/app/", import.meta.url);
const OUT = new URL("../src/tail/page/page_html.ts", import.meta.url);
const MAX_GZIP_BYTES = 60 * 1024;
/** A string literal in the built file is cut at this length: some tools choke on longer ones. */
const PART = 4_000;

async function bundle(entry: string, define: Record<string, string> = {}): Promise<string> {
  const result = await esbuild.build({
    entryPoints: [fileURLToPath(new URL(entry, APP))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["chrome123", "firefox120", "safari17.5"],
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "ascii",
    legalComments: "none",
    define,
  });
  return result.outputFiles[0]!.text.trim();
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}'`;
}

/** What the browser may do for this page: run its own script, in a Worker too, and ask its own server. */
async function policy(script: string, style: string): Promise<string> {
  return [
    "default-src 'none'",
    `script-src ${await sha256(script)}`,
    `style-src ${await sha256(style)}`,
    "worker-src blob:",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Text that came from a log can never become markup, whatever a library might do.
    "require-trusted-types-for 'script'",
    "trusted-types logflume",
  ].join("; ");
}

function assertInlinable(text: string, tag: string): void {
  const found = new RegExp(`</${tag}|<!--`, "i").exec(text);
  if (found !== null) throw new Error(`The ${tag} holds "${found[0]}": it cannot be inlined`);
}

async function build(): Promise<{ source: string; html: string }> {
  const worker = await bundle("worker/main.ts");
  const script = await bundle("ui/main.tsx", { WORKER_SOURCE: JSON.stringify(worker) });
  const style = await bundle("page.css");
  assertInlinable(script, "script");
  assertInlinable(style, "style");
  const frame = (await Deno.readTextFile(new URL("page.html", APP))).replace(/^\s+/gm, "");
  const html = frame
    .replace(/\s*\/\*style\*\/\s*/, () => style)
    .replace(/\s*\/\*script\*\/\s*/, () => script);
  return { source: moduleOf(html, await policy(script, style)), html };
}

function moduleOf(html: string, csp: string): string {
  const parts: string[] = [];
  for (let at = 0; at < html.length; at += PART) parts.push(html.slice(at, at + PART));
  return `// deno-fmt-ignore-file
/** The page of the tail in one file, built from \`app/\` by \`.ci/build_page.ts\`; not to be edited. */
export const PAGE: {
  /** The whole page: markup, style and script, its Worker included. */
  readonly html: string;
  /** The Content-Security-Policy under which it is to be served. */
  readonly csp: string;
} = {
  html: [
${parts.map((part) => `    ${JSON.stringify(part)},`).join("\n")}
  ].join(""),
  csp: ${JSON.stringify(csp)},
};
`;
}

async function gzipBytes(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

const { source, html } = await build();
await esbuild.stop();
const size = await gzipBytes(html);
console.log(`Page: ${html.length} bytes, ${(size / 1024).toFixed(1)} KiB gzip`);
if (size > MAX_GZIP_BYTES) {
  console.error(`The page is too large: ${size} bytes gzip, at most ${MAX_GZIP_BYTES}`);
  Deno.exit(1);
}
if (!Deno.args.includes("--check")) await Deno.writeTextFile(OUT, source);
else if (await Deno.readTextFile(OUT) !== source) {
  console.error("The built page is not the one its sources give: run .ci/build_page.ts");
  Deno.exit(1);
}
