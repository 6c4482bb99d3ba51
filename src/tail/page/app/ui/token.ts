import { type Signal, signal } from "@preact/signals";

const NAME = "logflume.token";

/** What the reader signed in with; undefined while nobody has asked for it. */
export const token: Signal<string | undefined> = signal(read());

/** Remembers the token, for this tab and until it is closed. */
export function keepToken(value: string | undefined): void {
  token.value = value;
  try {
    if (value === undefined) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, value);
  } catch {
    // A browser that keeps nothing asks again after a reload.
  }
}

function read(): string | undefined {
  try {
    return sessionStorage.getItem(NAME) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The headers of a request, with the token if there is one. */
export function signed(headers: Record<string, string> = {}): Record<string, string> {
  const value = token.value;
  return value === undefined ? headers : { ...headers, authorization: `Bearer ${value}` };
}
