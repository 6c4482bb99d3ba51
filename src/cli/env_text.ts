import process from "node:process";
import { UsageError } from "./usage_error.ts";

const REFERENCE = /@env:([A-Za-z_]\w*)/g;

/**
 * Puts the values of environment variables where a text says `@env:NAME`. Arguments of a program stand in
 * the list of processes and in the shell's history, for all to read; its environment does not.
 *
 * @throws {UsageError} If a variable is not set, or empty
 */
export function withEnvironment(option: string, text: string): string {
  return text.replaceAll(REFERENCE, (_, name: string) => {
    const value = process.env[name];
    if (value !== undefined && value !== "") return value;
    throw new UsageError(
      `"${option}" needs the environment variable ${name}, which is not set: set it, for example ` +
        `with export ${name}=...`,
    );
  });
}
