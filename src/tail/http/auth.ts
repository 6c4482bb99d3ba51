import type { Tickets } from "./tickets.ts";

/**
 * Who a request comes from: tokens of which it must send one (`Authorization: Bearer ...`), or a function
 * that looks at the request, for example at its cookie, and says whether it may pass. `() => true` says
 * that something in front of the tail has checked already.
 */
export type TailAuth =
  | string
  | readonly string[]
  | ((request: Request) => boolean | Promise<boolean>);

/** Decides whether a request may read the tail. */
export interface Gate {
  /** Whether the page may be had without a token, since it asks for one itself. */
  readonly opensPage: boolean;
  /** Whether the request passes. */
  passes(request: Request): Promise<boolean>;
}

/** A token of fewer characters is refused. */
export const MIN_TOKEN_LENGTH = 16;

/**
 * Makes the gate. Without `auth` everybody passes.
 *
 * @throws {RangeError} If a token is shorter than 16 characters, has others than visible ASCII ones, or
 * there is none
 * @throws {TypeError} If it is no token, list or function
 */
export function gateOf(auth: TailAuth | undefined, tickets: Tickets): Gate {
  if (auth === undefined) return { opensPage: true, passes: () => Promise.resolve(true) };
  const hasTicket = (request: Request) => spendTicket(request, tickets);
  if (typeof auth === "function") {
    return {
      opensPage: false,
      passes: async (request) => hasTicket(request) || await auth(request) === true,
    };
  }
  if (typeof auth !== "string" && !Array.isArray(auth)) {
    throw new TypeError("Invalid auth: pass a token, an array of tokens, or a function");
  }
  const tokens: readonly string[] = typeof auth === "string" ? [auth] : [...auth];
  assertTokens(tokens);
  const hashes = Promise.all(tokens.map(sha256));
  return {
    opensPage: true,
    passes: async (request) => hasTicket(request) || hasToken(request, await hashes),
  };
}

function assertTokens(tokens: readonly string[]): void {
  if (tokens.length === 0) {
    throw new RangeError("Invalid auth: the list of tokens is empty, so nobody could pass");
  }
  if (tokens.every((token) => typeof token === "string" && token.length >= MIN_TOKEN_LENGTH)) {
    if (tokens.every((token) => /^[!-~]+$/.test(token))) return;
    throw new RangeError(
      "Invalid auth: a header can bring no blank and nothing but ASCII, so use other characters",
    );
  }
  throw new RangeError(
    `Invalid auth: a token needs at least ${MIN_TOKEN_LENGTH} characters, so that nobody guesses it`,
  );
}

/** Tickets are for reading: one that bought the next would be a token without an end. */
function spendTicket(request: Request, tickets: Tickets): boolean {
  if (request.method !== "GET") return false;
  const ticket = new URL(request.url).searchParams.get("ticket");
  return ticket !== null && tickets.spend(ticket);
}

async function hasToken(request: Request, hashes: readonly Uint8Array[]): Promise<boolean> {
  const [, token] = /^bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token === undefined) return false;
  const hash = await sha256(token);
  return hashes.some((known) => isEqual(hash, known));
}

/** Hashes are compared, and whole, so that the time taken tells nothing about the token. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let different = 0;
  for (let i = 0; i < a.length; i++) different |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return different === 0;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
