import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tailAdapter } from "../src/tail/http/auto.ts";
import { runtimeArgs } from "./support/runtime_args.ts";

const PROGRAM = fileURLToPath(new URL("./support/auto_child.ts", import.meta.url));
const isDeno = "Deno" in globalThis;

test("tailAdapter() fits the server of the runtime at hand: socket, address and seats", async () => {
  const args = [...runtimeArgs(), PROGRAM];
  const said = await new Promise<string>((resolve, reject) =>
    execFile(process.execPath, args, (error, stdout) => error ? reject(error) : resolve(stdout))
  );
  assert.deepEqual(JSON.parse(said), {
    socket: "hello",
    stream: '{"msg":"hello"}\n',
    address: "127.0.0.1",
  });
});

test("tailAdapter() gives a websocket option where the server takes one", async () => {
  const { upgradeWebSocket, connInfo, websocket } = await tailAdapter();
  assert.equal(typeof upgradeWebSocket, "function");
  assert.equal(typeof connInfo, "function");
  assert.equal(websocket === undefined, isDeno);
});
