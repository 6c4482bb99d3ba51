import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, platform, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileStore } from "../src/storage/file.ts";

const isLinux = platform() === "linux";
if (!isLinux) console.log("Not run: a zombie's lock, which needs /proc");

test("a lock whose owner has ended without being waited for is stale", async () => {
  if (!isLinux) return;
  const folder = mkdtempSync(join(tmpdir(), "logflume-"));
  // The shell becomes `sleep`, which never waits for the child that the shell has left behind.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [said] = await once(parent.stdout, "data");
    const pid = Number(String(said));
    // A shell that is still one would ask how its child ended.
    await until(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const owner = {
      host: hostname(),
      boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      pid,
      started: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19],
      token: "of the zombie",
    };
    writeFileSync(join(folder, "LOCK"), JSON.stringify(owner));
    process.kill(pid, "SIGKILL");
    await until(() => /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
    const store = fileStore(folder);
    await store.open();
    assert.doesNotMatch(readFileSync(join(folder, "LOCK"), "utf8"), /of the zombie/);
    await store.close();
  } finally {
    parent.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
});

/** Looks again until it is so; the runner's own limit ends it if it never is. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve));
}
