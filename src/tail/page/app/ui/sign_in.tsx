/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { overview } from "./state.ts";
import { keepToken } from "./token.ts";
import { send } from "./worker_port.ts";

/** Asks for the token when the server wants one; it cannot be closed, since there is nothing behind it. */
export function SignIn(): JSX.Element | null {
  const link = overview.value?.link;
  return link?.kind === "sign-in" ? <TokenDialog wrong={link.wrong} /> : null;
}

function TokenDialog({ wrong }: { readonly wrong: number }): JSX.Element {
  const isWrong = wrong > 0;
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  // What was refused is forgotten, once for each time.
  useEffect(() => keepToken(undefined), [wrong]);
  useEffect(() => {
    dialog.current?.showModal();
    input.current?.focus();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const value = input.current?.value.trim() ?? "";
    if (value === "") return;
    keepToken(value);
    send({ t: "token", token: value });
  };
  return (
    <dialog
      ref={dialog}
      class="sign-in"
      aria-labelledby="sign-in-title"
      onCancel={(event) => event.preventDefault()}
    >
      <form onSubmit={submit}>
        <h2 id="sign-in-title">Sign in</h2>
        <p id="sign-in-note">
          Whoever has its token may read this log. The token is kept in this tab only.
        </p>
        <label for="token">Token</label>
        <input
          ref={input}
          id="token"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          required
          aria-invalid={isWrong}
          aria-describedby={isWrong ? "sign-in-problem" : "sign-in-note"}
        />
        {isWrong && (
          <p id="sign-in-problem" class="problem" role="alert">
            The server did not take this token
          </p>
        )}
        <button type="submit" class="main">Sign in</button>
      </form>
    </dialog>
  );
}
