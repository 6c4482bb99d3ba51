import assert from "node:assert/strict";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import { browserTest, withPage } from "./support/chromium.ts";
import { pipelineStats } from "./support/figures.ts";
import { startProxy } from "./support/proxy.ts";
import { heldRows, isLive, numbers, numbersOf, recordIsThere, saved } from "./support/rows.ts";
import { startServer } from "./support/tail_server.ts";

const TOKEN = "0123456789abcdef-token";
/** What the browser says of requests that are refused, which is what is tested. */
const expects = /status of 40[14]|WebSocket connection/;

browserTest("a page that needs a token asks for it, and keeps it in its tab only", async () => {
  await using server = await startServer({ auth: TOKEN });
  await using proxy = await startProxy(server.port);
  await server.tell({ do: "fill", from: 1, to: 50 });
  await server.tell({ do: "stats", stats: pipelineStats() });
  await withPage(`http://127.0.0.1:${proxy.port}/logs`, async ({ page, problems }) => {
    const asked: string[] = [];
    page.on("websocket", (socket) => asked.push(socket.url()));
    page.on("request", (request) => asked.push(request.url()));
    await page.getByRole("dialog", { name: "Sign in" }).waitFor();
    await page.locator(".pill", { hasText: "signed out" }).waitFor();
    assert.equal(await page.locator(".row").count(), 0);
    await page.evaluate(fs.readFileSync(axe, "utf8"));
    const { violations } = await page.evaluate("axe.run()") as { violations: { id: string }[] };
    assert.deepEqual(violations.map(({ id }) => id), []);

    await page.getByLabel("Token").fill("not the token at all");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.keyboard.press("Escape");
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await recordIsThere(page, 50);
    await isLive(page);
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.locator(".panel").waitFor();

    // A new connection needs a new ticket, and a file the header.
    proxy.cut();
    await server.tell({ do: "fill", from: 51, to: 100 });
    await recordIsThere(page, 100);
    assert.deepEqual(numbersOf(await heldRows(page)), numbers(1, 100));
    const whole = await saved(page, /Whole log, NDJSON/);
    assert.equal(whole.trim().split("\n").length, 100);

    const kept = await page.evaluate(
      "[JSON.stringify(localStorage), document.cookie, Object.values(sessionStorage)]",
    ) as [string, string, string[]];
    assert.deepEqual([kept[1], kept[2]], ["", [TOKEN]]);
    assert.ok(!kept[0].includes(TOKEN));
    assert.ok(asked.every((url) => !url.includes(TOKEN)), "it stands in no address");
    const tickets = asked.flatMap((url) => /ticket=(\w+)/.exec(url)?.[1] ?? []);
    assert.equal(new Set(tickets).size, tickets.length);
    assert.ok(tickets.length >= 2);

    await page.reload();
    await recordIsThere(page, 100);
    await isLive(page);
    const fresh = await page.context().browser()!.newContext();
    const other = await fresh.newPage();
    await other.goto(server.url);
    await other.getByRole("dialog", { name: "Sign in" }).waitFor();
    await fresh.close();
    assert.deepEqual(problems, []);
  }, { expects });
});

browserTest(
  "a page behind a cookie asks for nothing, and without it there is no page",
  async () => {
    await using server = await startServer({ cookie: "secret" });
    await server.tell({ do: "fill", from: 1, to: 50 });
    await withPage("about:blank", async ({ page, problems }) => {
      assert.equal((await page.goto(server.url))?.status(), 401);
      const { hostname } = new URL(server.url);
      await page.context().addCookies([
        { name: "session", value: "secret", domain: hostname, path: "/" },
      ]);
      await page.goto(server.url);
      await recordIsThere(page, 50);
      await isLive(page);
      assert.equal(await page.getByRole("dialog").count(), 0);
      assert.deepEqual(problems, []);
    }, { expects });
  },
);

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
