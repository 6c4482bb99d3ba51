import assert from "node:assert/strict";
import { browserTest, withPage } from "./support/chromium.ts";
import { isLive, recordIsThere } from "./support/rows.ts";
import { startServer } from "./support/tail_server.ts";

/** In all a million names of fields, none twice. */
const [RECORDS, EACH] = [2_500, 400];

browserTest("a million fields of different names cost the page nothing", async () => {
  await using server = await startServer({ maxBytes: 64 * 1024 * 1024 });
  await withPage(server.url, async ({ page, problems }) => {
    await isLive(page);
    for (let n = 0; n < RECORDS; n += 100) {
      await server.tell({ do: "fields", records: 100, each: EACH });
    }
    await server.tell({ do: "fill", from: 1, to: 1 });
    await recordIsThere(page, 1);
    await page.locator(".row .line").nth(-2).click();
    await page.locator(".row .details").waitFor();
    const nodes = await page.locator("*").count();
    assert.ok(nodes < 10_000, `${nodes} nodes`);
    assert.deepEqual(problems, []);
  });
});

browserTest("nothing in a record becomes markup, a script or a request", async () => {
  await using server = await startServer();
  const texts = [
    `<img src=//evil.example/x onerror=alert(1)>`,
    `"><svg onload=alert(1)>`,
    `</style><style>*{display:none}</style>`,
    `javascript:alert(1)`,
    `https://evil.example/"onmouseover="alert(1)`,
    "\u2066isolated\u2069 \u200b\u00ad\ufeff",
    "\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007",
    "\u001b[38;2;1;2;3;999999999999m\u001b[" + ";".repeat(5_000) + "m end",
    "__proto__",
    "\u0000".repeat(500),
    "a\u0300".repeat(900),
  ];
  const line = (text: string) =>
    JSON.stringify({
      time: text,
      level: text,
      logger: text,
      msg: text,
      traceId: text,
      fields: { [text]: text, __proto__: { [text]: text } },
    });
  // Lines that are no records, or records whose keys are of any other kind.
  const odd = ["null", "7", "[]", `{"msg":{"a":[]}}`, `{"time":{},"level":[],"msg":null}`, "{", ""];
  await withPage(server.url, async ({ page, problems }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await server.tell({ do: "write", lines: [...texts.map(line), ...odd] });
    await server.tell({ do: "fill", from: 1, to: 1 });
    await recordIsThere(page, 1);
    for (let i = 0; i < texts.length + odd.length; i++) {
      await page.locator(".row .line").nth(i).click();
      await page.locator(".row").nth(i).locator(".details").waitFor();
      await page.locator(".row .line").nth(i).click();
      await page.locator(".row.open").waitFor({ state: "detached" });
    }
    assert.equal(await page.locator(".row :is(img, svg, script, style, a[href])").count(), 0);
    const foreign = asked.filter((url) => !url.startsWith(server.url) && !url.startsWith("blob:"));
    assert.deepEqual(foreign, []);
    assert.deepEqual(problems, []);
  });
});
