/**
 * The environment of the running process. Imports nothing, so that it loads on every runtime.
 *
 * @module
 */

interface Host {
  readonly Deno?: {
    readonly env: { get(name: string): string | undefined };
    readonly permissions: {
      querySync(what: { name: "env"; variable: string }): { readonly state: string };
    };
  };
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
}

/**
 * A variable of the environment; undefined where it is not set, is empty, or may not be read. On Deno
 * nobody is asked for the permission: a program that logs must not stop at a question.
 */
export function readEnv(name: string): string | undefined {
  const { Deno, process } = globalThis as unknown as Host;
  const value = Deno === undefined
    ? process?.env?.[name]
    : Deno.permissions.querySync({ name: "env", variable: name }).state === "granted"
    ? Deno.env.get(name)
    : undefined;
  return value === "" ? undefined : value;
}
