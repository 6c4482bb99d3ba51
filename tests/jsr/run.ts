/**
 * Runs what needs JSR where JSR answers, and says in one line that it was not run where it does not.
 * Nothing else needs JSR.
 */
import process from "node:process";

const PROBE = "https://jsr.io/@std/yaml/meta.json";
const PATIENCE_MS = 5000;

/** Why JSR cannot be reached; undefined if it can. */
async function reasonAgainst(): Promise<string | undefined> {
  try {
    const response = await fetch(PROBE, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { latest } = await response.json() as { readonly latest?: string };
    return latest === undefined ? `status ${response.status}` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
}

const reason = await reasonAgainst();
if (reason !== undefined) {
  console.log(`Not run: the tests in tests/jsr need JSR, which does not answer (${reason})`);
  process.exit(0);
}
const { sameAsStdYaml } = await import("./std_yaml.ts");
for (const name of await sameAsStdYaml()) console.log(`examples/${name}: the same with @std/yaml`);
